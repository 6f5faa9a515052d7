using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators;

/// <summary>The result of reading a declaration: a model to write from, or what prevents that.</summary>
internal sealed record Parsed<TModel>(TModel? Model, EquatableList<DiagnosticInfo> Diagnostics)
    where TModel : class
{
    public static readonly Parsed<TModel> Nothing = new(null, EquatableList<DiagnosticInfo>.Empty);

    public static Parsed<TModel> Of(TModel? model) => new(model, EquatableList<DiagnosticInfo>.Empty);

    /// <summary>
    /// Reads a declaration. A failure concerns only this declaration: an exception would stop the generator for all of them.
    /// </summary>
    public static Parsed<TModel> Guarded(ISymbol? symbol, Func<Parsed<TModel>> parse)
    {
        try
        {
            return parse();
        }
        catch (Exception e) when (e is not OperationCanceledException && symbol is not null)
        {
            return Failed(DiagnosticInfo.Of(GeneratorDiagnostics.NotGenerated, symbol, symbol.Name, $"{e.GetType().Name}: {e.Message}"));
        }
    }

    public static Parsed<TModel> Failed(params IEnumerable<DiagnosticInfo> diagnostics) => new(null, diagnostics.ToEquatableList());
}

internal static class ParsedExtensions
{
    /// <summary>
    /// Writes the models and reports the diagnostics, each on its own. A diagnostic knows its place in the file and a model
    /// does not, so that code that moves within its file causes no new generation.
    /// </summary>
    public static void RegisterOutput<TModel>(
        this IncrementalGeneratorInitializationContext context,
        IncrementalValuesProvider<Parsed<TModel>> parsed,
        Func<TModel, (PartialType Type, string Subject, string Code)> write)
        where TModel : class
    {
        context.RegisterSourceOutput(parsed.SelectMany(static (result, _) => result.Diagnostics), static (output, found) =>
            output.ReportDiagnostic(found.ToDiagnostic()));
        context.RegisterSourceOutput(
            parsed.Where(static result => result.Model is not null).Select(static (result, _) => result.Model!),
            (output, model) => Write(output, model, write));
    }

    /// <summary>Writes the part of one type. A failure is reported for that type, and the others are still written.</summary>
    private static void Write<TModel>(
        SourceProductionContext output, TModel model, Func<TModel, (PartialType Type, string Subject, string Code)> write)
    {
        var name = model!.ToString();
        try
        {
            var (type, subject, code) = write(model);
            name = type.FullName;
            output.AddSource(type.FileFor(subject), code);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            output.ReportDiagnostic(Diagnostic.Create(
                GeneratorDiagnostics.NotGenerated, Location.None, name, $"{e.GetType().Name}: {e.Message}"));
        }
    }
}
