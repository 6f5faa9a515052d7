using Microsoft.CodeAnalysis;

namespace EventSourcing.Generators;

/// <summary>What was read of a declaration: a model to write from, or what is in the way of it.</summary>
internal sealed record Parsed<TModel>(TModel? Model, EquatableList<DiagnosticInfo> Diagnostics)
    where TModel : class
{
    public static readonly Parsed<TModel> Nothing = new(null, EquatableList<DiagnosticInfo>.Empty);

    public static Parsed<TModel> Of(TModel? model) => new(model, EquatableList<DiagnosticInfo>.Empty);

    public static Parsed<TModel> Failed(params IEnumerable<DiagnosticInfo> diagnostics) => new(null, diagnostics.ToEquatableList());
}

internal static class ParsedExtensions
{
    /// <summary>
    /// Writes the models and reports the rest, each on its own: a diagnostic knows its place in the file, a model does not,
    /// so that code moving about in its file generates nothing again.
    /// </summary>
    public static void RegisterOutput<TModel>(
        this IncrementalGeneratorInitializationContext context, IncrementalValuesProvider<Parsed<TModel>> parsed, Action<SourceProductionContext, TModel> write)
        where TModel : class
    {
        context.RegisterSourceOutput(parsed.SelectMany(static (result, _) => result.Diagnostics), static (output, found) => output.ReportDiagnostic(found.ToDiagnostic()));
        context.RegisterSourceOutput(parsed.Where(static result => result.Model is not null).Select(static (result, _) => result.Model!), write);
    }
}
