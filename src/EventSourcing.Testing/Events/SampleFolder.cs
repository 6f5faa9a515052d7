using System.Globalization;
using System.Text;

namespace EventSourcing.Testing;

/// <summary>A stored event in a file.</summary>
/// <param name="StoredName">The name under which it is stored.</param>
/// <param name="Label">Distinguishes the sample from others of that name; empty for the one without a label.</param>
/// <param name="Json">Its JSON.</param>
internal sealed record Sample(string StoredName, string Label, string Json)
{
    private const string Extension = ".json";

    /// <summary>The name of the file that it was read from; empty if it was not.</summary>
    public string File { get; init; } = "";

    /// <summary>The name without version.</summary>
    public string Name => Split(StoredName).Name;

    /// <summary>The name of its file.</summary>
    /// <param name="isWithoutCapitals">
    /// Whether capitals are percent-encoded: another name differs from this one in case only, and some file systems take the two for one.
    /// </param>
    public string FileName(bool isWithoutCapitals)
    {
        var (name, version) = Split(StoredName);
        var escaped = Uri.EscapeDataString(name);
        if (isWithoutCapitals) escaped = WithoutCapitals(escaped);
        return string.Create(CultureInfo.InvariantCulture, $"{escaped}@{version}{(Label.Length == 0 ? "" : "." + Label)}{Extension}");
    }

    /// <summary>The sample that a file of this name holds, without its JSON; null if that is not the name of a sample.</summary>
    public static Sample? Of(string fileName)
    {
        var at = fileName.LastIndexOf('@');
        if (at <= 0 || !fileName.EndsWith(Extension, StringComparison.Ordinal)) return null;
        var (number, label) = fileName[(at + 1)..^Extension.Length] is var rest
            && rest.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot
                ? (rest[..dot], rest[(dot + 1)..])
                : (rest, "");
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var version) || version < 1) return null;
        var name = Uri.UnescapeDataString(fileName[..at]);
        return new Sample(version == 1 ? name : string.Create(CultureInfo.InvariantCulture, $"{name}@{version}"), label, Json: "");
    }

    /// <summary>Encodes the capitals but those of the encoding itself: <c>%4F</c> is the same in any case.</summary>
    private static string WithoutCapitals(string escaped)
    {
        var text = new StringBuilder();
        for (var i = 0; i < escaped.Length; i++)
        {
            if (escaped[i] == '%')
            {
                text.Append(escaped, i, 3);
                i += 2;
            }
            else if (char.IsAsciiLetterUpper(escaped[i])) text.Append(CultureInfo.InvariantCulture, $"%{(int)escaped[i]:X2}");
            else text.Append(escaped[i]);
        }

        return text.ToString();
    }

    private static (string Name, int Version) Split(string storedName)
    {
        var at = storedName.LastIndexOf('@');
        return at > 0 && int.TryParse(storedName.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? (storedName[..at], version)
            : (storedName, 1);
    }
}

/// <summary>The folder with the samples.</summary>
internal sealed class SampleFolder
{
    private const string NoBytes =
        "has no bytes: it is empty, or a pipe or a device. A sample is a file with the JSON of one event. Remove it.";

    /// <summary>The names of events that differ from another one in case only.</summary>
    private readonly HashSet<string> _twins;

    public SampleFolder(string directory, EventTypes types)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        Path = System.IO.Path.GetFullPath(directory, AppContext.BaseDirectory);
        _twins = types.StoredNames.Select(stored => new Sample(stored, "", "").Name).Distinct(StringComparer.Ordinal)
            .GroupBy(name => name, StringComparer.OrdinalIgnoreCase).Where(same => same.Count() > 1).SelectMany(same => same)
            .ToHashSet(StringComparer.Ordinal);
    }

    public string Path { get; }

    /// <summary>The name of the file of a sample.</summary>
    public string FileOf(Sample sample) => sample.FileName(isWithoutCapitals: _twins.Contains(sample.Name));

    public async Task<List<Sample>> ReadAsync(List<string> problems, CancellationToken cancellationToken)
    {
        var samples = new List<Sample>();
        if (!Directory.Exists(Path)) return samples;
        var files = FileNames();
        problems.AddRange(files.GroupBy(name => name, StringComparer.OrdinalIgnoreCase).Where(same => same.Count() > 1)
            .SelectMany(same => same).Select(ProblemOfTwin).OfType<string>());
        foreach (var name in files)
        {
            var file = System.IO.Path.Combine(Path, name);
            if (Sample.Of(name) is not { } sample)
                problems.Add(
                    $"{name} is not a name of a sample, which is name@version.json, e.g. money-deposited@1.json. Rename it, "
                    + "or keep it elsewhere.");
            else if (HasNoBytes(file)) problems.Add($"{name} {NoBytes}");
            else
            {
                var json = await File.ReadAllTextAsync(file, cancellationToken).ConfigureAwait(false);
                samples.Add(sample with { File = name, Json = json });
            }
        }

        return samples;
    }

    /// <summary>Writes a sample if there is none of that name. If there is one, returns its JSON.</summary>
    /// <exception cref="EventHistoryException">What is there has no JSON, or another sample takes the place of the file.</exception>
    public async Task<string?> TryRecordAsync(Sample sample, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path);
        var name = FileOf(sample);
        var files = FileNames();

        // The case decides: a file system may find a file by a name that is not its own.
        var own = files.Find(file => file == name)
            ?? files.Find(file => Sample.Of(file) is { } other && other.StoredName == sample.StoredName && other.Label == sample.Label);
        if (own is not null)
        {
            var file = System.IO.Path.Combine(Path, own);
            if (HasNoBytes(file)) throw new EventHistoryException(Path, [$"{own} {NoBytes}"]);
            return await File.ReadAllTextAsync(file, cancellationToken).ConfigureAwait(false);
        }

        if (files.Find(file => string.Equals(file, name, StringComparison.OrdinalIgnoreCase)) is { } twin)
            throw new EventHistoryException(Path, [ProblemOfTwin(twin) ?? $"{twin} {InPlace(name)} Rename it."]);
        var stream = new FileStream(System.IO.Path.Combine(Path, name), FileMode.CreateNew, FileAccess.Write);
        await using (stream.ConfigureAwait(false))
            await stream.WriteAsync(Encoding.UTF8.GetBytes(JsonText.Indented(sample.Json) + "\n"), cancellationToken).ConfigureAwait(false);
        return null;
    }

    /// <summary>What to do about a file whose name differs from another one in case only; null if the other one is to be renamed.</summary>
    private static string? ProblemOfTwin(string name) =>
        Sample.Of(name)?.FileName(isWithoutCapitals: true) is { } other && other != name
            ? $"{name} {InPlace(name.ToLowerInvariant())} Rename it to {other}, which is read as the same event."
            : null;

    private static string InPlace(string name) =>
        $"stands where a file system that ignores case would look for {name}, a sample of another event.";

    private List<string> FileNames() =>
        [.. Directory.EnumerateFiles(Path).Select(file => System.IO.Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    /// <summary>Whether there is nothing to read. A pipe has no length either, and to open one would wait for ever.</summary>
    private static bool HasNoBytes(string file) =>
        (File.ResolveLinkTarget(file, returnFinalTarget: true) as FileInfo ?? new FileInfo(file)) is { Exists: true, Length: 0 };
}
