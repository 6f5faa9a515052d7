using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace EventSourcing.Generators.Analyzers;

/// <summary>The checked-in file that says what has ever been stored, in its current state.</summary>
internal sealed class ContractFile
{
    public const string Name = "EventContracts.txt";

    private readonly Dictionary<(string Name, int Version), (ContractLine Line, Location Location)> _lines = [];

    private ContractFile(string path)
    {
        Path = path;
    }

    public string Path { get; }

    /// <summary>The lines that can be read, with their locations.</summary>
    public IEnumerable<(ContractLine Line, Location Location)> Lines => _lines.Values;

    /// <summary>The locations of wrong lines, with what is wrong.</summary>
    public List<(Location Location, string Flaw)> Flaws { get; } = [];

    /// <summary>The contract file among a project's additional files; null if there is none, and nothing is checked.</summary>
    public static ContractFile? Find(IEnumerable<AdditionalText> files, CancellationToken cancellationToken)
    {
        var found = files.FirstOrDefault(file => System.IO.Path.GetFileName(file.Path) == Name);
        if (found?.GetText(cancellationToken) is not { } text) return null;
        var contracts = new ContractFile(found.Path);
        foreach (var line in text.Lines) contracts.Read(line, text);
        return contracts;
    }

    public ContractLine? Get(string name, int version) => _lines.TryGetValue((name, version), out var found) ? found.Line : null;

    private void Read(TextLine textLine, SourceText text)
    {
        var content = textLine.ToString();
        if (ContractLine.IsSilent(content)) return;
        var location = Location.Create(Path, textLine.Span, text.Lines.GetLinePositionSpan(textLine.Span));
        var (line, flaw) = ContractLine.Read(content);
        if (line is null) Flaws.Add((location, flaw));
        else if (_lines.ContainsKey((line.Name, line.Version))) Flaws.Add((location, $"repeats version {line.Version} of '{line.Name}'"));
        else _lines.Add((line.Name, line.Version), (line, location));
    }
}
