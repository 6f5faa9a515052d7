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

    /// <summary>The name without version.</summary>
    public string Name => Split(StoredName).Name;

    public string FileName
    {
        get
        {
            var (name, version) = Split(StoredName);
            return string.Create(
                CultureInfo.InvariantCulture, $"{Uri.EscapeDataString(name)}@{version}{(Label.Length == 0 ? "" : "." + Label)}{Extension}");
        }
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

    public SampleFolder(string directory)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        Path = System.IO.Path.GetFullPath(directory, AppContext.BaseDirectory);
    }

    public string Path { get; }

    public async Task<List<Sample>> ReadAsync(List<string> problems, CancellationToken cancellationToken)
    {
        var samples = new List<Sample>();
        if (!Directory.Exists(Path)) return samples;
        foreach (var file in Directory.EnumerateFiles(Path).Order(StringComparer.Ordinal))
        {
            var name = System.IO.Path.GetFileName(file);
            if (Sample.Of(name) is not { } sample)
                problems.Add(
                    $"{name} is not a name of a sample, which is name@version.json, e.g. money-deposited@1.json. Rename it, "
                    + "or keep it elsewhere.");
            else if (HasNoBytes(file)) problems.Add($"{name} {NoBytes}");
            else samples.Add(sample with { Json = await File.ReadAllTextAsync(file, cancellationToken).ConfigureAwait(false) });
        }

        return samples;
    }

    /// <summary>Writes a sample if there is none of that name. If there is one, returns its JSON.</summary>
    /// <exception cref="EventHistoryException">What is there has no JSON.</exception>
    public async Task<string?> TryRecordAsync(Sample sample, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path);
        var file = System.IO.Path.Combine(Path, sample.FileName);
        if (File.Exists(file) && HasNoBytes(file)) throw new EventHistoryException(Path, [$"{sample.FileName} {NoBytes}"]);
        if (File.Exists(file)) return await File.ReadAllTextAsync(file, cancellationToken).ConfigureAwait(false);
        var stream = new FileStream(file, FileMode.CreateNew, FileAccess.Write);
        await using (stream.ConfigureAwait(false))
            await stream.WriteAsync(Encoding.UTF8.GetBytes(JsonText.Indented(sample.Json) + "\n"), cancellationToken).ConfigureAwait(false);
        return null;
    }

    /// <summary>Whether there is nothing to read. A pipe has no length either, and to open one would wait for ever.</summary>
    private static bool HasNoBytes(string file) =>
        (File.ResolveLinkTarget(file, returnFinalTarget: true) as FileInfo ?? new FileInfo(file)) is { Exists: true, Length: 0 };
}
