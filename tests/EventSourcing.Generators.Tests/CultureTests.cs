using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace EventSourcing.Generators.Tests;

/// <summary>
/// What analyzers do not see: text interpolated without a culture. Whole numbers in a message may have the user's sign, as
/// those of .NET itself do; fractions and dates may not, and in SQL and generated code nothing may.
/// </summary>
[Trait("Speed", "Slow")]
public partial class CultureTests
{
    private static readonly SymbolDisplayFormat Full = SymbolDisplayFormat.FullyQualifiedFormat;

    [Theory]
    [InlineData("EventSourcing")]
    [InlineData("EventSourcing.Sqlite")]
    [InlineData("EventSourcing.Testing")]
    [InlineData("EventSourcing.Generators")]
    public void Text_of_a_project_does_not_depend_on_the_culture(string project) => FindingsIn(Compile(project)).Should().BeEmpty(
        "write string.Create(CultureInfo.InvariantCulture, $\"…\"), or Append(CultureInfo.InvariantCulture, $\"…\") with a StringBuilder");

    [Theory]
    [InlineData("""string M(double seconds) => $"{seconds:0.0} s";""", "seconds")]
    [InlineData("""string M(System.DateTimeOffset? at) => $"at {at}";""", "at")]
    [InlineData("""string M(decimal amount) => "it costs " + amount;""", "amount")]
    [InlineData("""string M(long kibibytes) => $"PRAGMA cache_size = {kibibytes}";""", "kibibytes")]
    [InlineData("""string M(int n) => $"?{n}";""", "n")]
    [InlineData("""string M<T>(T value) => $"{value}";""", "value")]
    [InlineData("""void M(System.Text.StringBuilder text, double d) => text.Append(d);""", "d")]
    public void Text_that_depends_on_the_culture_is_found(string member, string text) =>
        FindingsIn(CompileMember(member)).Should().ContainSingle().Which.Should().EndWith($" {text}");

    [Theory]
    [InlineData("""string M(long position) => $"at position {position}";""")]
    [InlineData("""string M(System.DateTimeOffset at) => $"at {at:O}";""")]
    [InlineData("""string M(string name) => $"SELECT {name}";""")]
    [InlineData("""string M(double d) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{d}");""")]
    public void Text_that_does_not_depend_on_the_culture_is_not_found(string member) =>
        FindingsIn(CompileMember(member)).Should().BeEmpty();

    [Fact]
    public void Generate_under_a_culture_with_another_sign_writes_the_same_code()
    {
        const string Source = """
            [EventType("opened", 2)] public sealed record Opened(string Who);
            public static class Upcasters
            {
                [Upcaster("opened", 1)] public static System.Text.Json.Nodes.JsonObject Up(System.Text.Json.Nodes.JsonObject old) => old;
            }
            """;
        var here = GeneratorRun.Of(Source).Files;
        var culture = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("sv-SE");
            GeneratorRun.Of(Source).Files.Should().BeEquivalentTo(here);
        }
        finally
        {
            CultureInfo.CurrentCulture = culture;
        }

        here.Values.Should().Contain(text => text.Contains("\"opened\", 1,", StringComparison.Ordinal));
    }

    private static readonly CSharpCompilationOptions Options =
        new(OutputKind.DynamicallyLinkedLibrary, allowUnsafe: true, nullableContextOptions: NullableContextOptions.Enable);

    private static readonly MetadataReference[] References =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(At)];

    private static MetadataReference At(string path) => MetadataReference.CreateFromFile(path);

    private static CSharpCompilation CompileMember(string member) =>
        CSharpCompilation.Create("Code", [CSharpSyntaxTree.ParseText($"class C {{ {member} }}")], References, Options);

    private static CSharpCompilation Compile(string project)
    {
        const string Usings = """
            global using System; global using System.Collections.Generic; global using System.IO;
            global using System.Linq; global using System.Threading; global using System.Threading.Tasks;
            """;
        const string Spaces = """
            global using EventSourcing.Storage; global using EventSourcing.Ledger; global using EventSourcing.Operations;
            global using EventSourcing.CodeGeneration;
            """;
        var parsing = new CSharpParseOptions(LanguageVersion.Preview);
        var files = SourceFolders(project)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
            .Where(file => !Path.GetRelativePath(Root(), file).Split(Path.DirectorySeparatorChar).Any(part => part is "bin" or "obj"))
            .ToList();
        files.Should().NotBeEmpty();
        var others = References.Where(reference => Path.GetFileNameWithoutExtension(reference.Display) != project);
        var trees = files.Select(file => CSharpSyntaxTree.ParseText(File.ReadAllText(file), parsing, file));
        return CSharpCompilation.Create(project, trees.Prepend(CSharpSyntaxTree.ParseText(project.EndsWith("Generators", StringComparison.Ordinal) ? Usings : Usings + "\n" + Spaces, parsing)), others, Options);
    }

    /// <summary>The project's own folder, and those whose source it shares with others.</summary>
    private static IEnumerable<string> SourceFolders(string project)
    {
        var own = Path.Combine(Root(), "src", project);
        return XDocument.Load(Path.Combine(own, project + ".csproj")).Descendants("Compile")
            .Select(compile => (string?)compile.Attribute("Include") ?? "")
            .Where(include => include.EndsWith("/**/*.cs", StringComparison.Ordinal))
            .Select(include => Path.GetFullPath(Path.Combine(own, include[..^"/**/*.cs".Length])))
            .Append(own);
    }

    private static string Root()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
            if (File.Exists(Path.Combine(folder, "EventSourcing.sln"))) return folder;
        throw new InvalidOperationException("The tests run outside the tree that they read.");
    }

    private static List<string> FindingsIn(CSharpCompilation compilation)
    {
        var findings = new List<string>();
        foreach (var tree in compilation.SyntaxTrees)
        {
            var model = compilation.GetSemanticModel(tree);
            foreach (var expression in tree.GetRoot().DescendantNodes().OfType<ExpressionSyntax>())
            {
                foreach (var found in Suspects(expression, model))
                    findings.Add($"{tree.FilePath}:{found.GetLocation().GetLineSpan().StartLinePosition.Line + 1} {found}");
            }
        }

        return findings;
    }

    private static IEnumerable<SyntaxNode> Suspects(ExpressionSyntax expression, SemanticModel model) => model.GetOperation(expression) switch
    {
        IInterpolatedStringOperation { Type.SpecialType: SpecialType.System_String } text
            when text.Parent is not IInterpolatedStringHandlerCreationOperation =>
            from hole in text.Parts.OfType<IInterpolationOperation>()
            let format = hole.FormatString?.Syntax.ToString().TrimStart(':')
            where DependsOnCulture(Bare(hole.Expression).Type, format) || (IsForMachines(text) && IsSignedNumber(Bare(hole.Expression).Type))
            select hole.Expression.Syntax,
        IBinaryOperation { OperatorKind: BinaryOperatorKind.Add, Type.SpecialType: SpecialType.System_String } sum =>
            from operand in new[] { sum.LeftOperand, sum.RightOperand }
            where DependsOnCulture(Bare(operand).Type, null)
            select operand.Syntax,
        IInvocationOperation { TargetMethod: { Name: "Append" or "Insert", ContainingType.Name: "StringBuilder" } } append =>
            from argument in append.Arguments
            where DependsOnCulture(Bare(argument.Value).Type, null)
            select argument.Syntax,
        _ => [],
    };

    private static IOperation Bare(IOperation operation) =>
        operation is IConversionOperation { IsImplicit: true } conversion ? Bare(conversion.Operand) : operation;

    /// <summary>SQL and parameters of it. Generated code has its own test.</summary>
    private static bool IsForMachines(IInterpolatedStringOperation text) =>
        Sql().IsMatch(string.Concat(text.Parts.OfType<IInterpolatedStringTextOperation>().Select(part => part.Syntax.ToString())));

    private static bool DependsOnCulture(ITypeSymbol? type, string? format)
    {
        if (format is "O" or "o" or "R" or "r" or "s" or "u" || Unwrapped(type) is not { } known) return false;
        if (known.TypeKind is TypeKind.TypeParameter or TypeKind.Error) return true;
        return known.ToDisplayString(Full) is "object" or "float" or "double" or "decimal" or "global::System.DateTime"
            or "global::System.DateTimeOffset" or "global::System.DateOnly" or "global::System.TimeOnly"
            or "global::System.Numerics.BigInteger" or "global::System.IFormattable";
    }

    private static bool IsSignedNumber(ITypeSymbol? type) =>
        Unwrapped(type)?.SpecialType is SpecialType.System_SByte or SpecialType.System_Int16 or SpecialType.System_Int32 or SpecialType.System_Int64;

    private static ITypeSymbol? Unwrapped(ITypeSymbol? type) =>
        type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable ? nullable.TypeArguments[0] : type;

    [GeneratedRegex(@"\b(SELECT|INSERT|UPDATE|DELETE|PRAGMA|CREATE|DROP|ALTER|BEGIN|COMMIT|FROM|WHERE|LIMIT|VALUES)\b|^\?$|^\$$|^documents_$")]
    private static partial Regex Sql();
}
