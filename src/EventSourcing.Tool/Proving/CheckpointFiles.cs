using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary>Where the checkpoints of a store are kept, and whose signatures on them are believed.</summary>
/// <param name="Path">
/// The file of signed checkpoints; null if none is to be looked at, or if none was named and none can be beside the store.
/// </param>
/// <param name="Keys">The public keys, each as text or as the path of a file with it.</param>
/// <param name="Origin">The name of the log; null to take that of the first key.</param>
/// <param name="IsNamed">
/// Whether the user named the file, or said that there is none; otherwise it is the usual one, which need not be there.
/// </param>
internal sealed record CheckpointFiles(string? Path, IReadOnlyList<string> Keys, string? Origin, bool IsNamed)
{
    /// <summary>What is named in the place of a file if none is to be looked at.</summary>
    public const string NoFile = "none";

    /// <summary>Reads the kept checkpoints, each of which one of the keys must have signed.</summary>
    /// <exception cref="ToolException">
    /// There is no key to tell whether they are true, the file that was named is not there, or the file holds none.
    /// </exception>
    public async Task<IReadOnlyList<(SignedNote Note, Checkpoint Checkpoint)>> ReadAsync(CancellationToken cancellationToken)
    {
        var read = new List<(SignedNote, Checkpoint)>();
        if (Path is null) return read;
        if (!File.Exists(Path))
        {
            return IsNamed
                ? throw new ToolException(
                    $"There is no file '{Path}'. Give the file in which the checkpoints of this store are kept, "
                    + $"or '{NoFile}' to do without.")
                : read;
        }

        if (Keys.Count == 0)
            throw new ToolException(
                $"There are checkpoints in '{Path}', but no public key to tell whether they are true. Give one with --key.");
        var verifiers = Verifiers();
        await foreach (var note in new FileCheckpointSink(Path).ReadAllAsync(cancellationToken))
            read.Add((note, Checkpoint.Open(note, Origin ?? verifiers[0].Name, verifiers)));
        return read.Count > 0 ? read : throw new ToolException(
            $"The file '{Path}' is there and holds no whole checkpoint, so it proves nothing. Give the file in which the checkpoints of "
            + $"this store are kept, or '{NoFile}' to do without.");
    }

    /// <summary>What to say if there is no checkpoint.</summary>
    public string NotThere =>
        Path is not null ? $"there is none in '{Path}'"
        : IsNamed ? $"none is looked at, by '--checkpoints {NoFile}'"
        : "none is named; say with --checkpoints where those of this store are kept";

    public IReadOnlyList<INoteVerifier> Verifiers() => [.. Keys.Select(ParseKey)];

    /// <summary>Reads a public key: from a file, or else the text itself.</summary>
    public static INoteVerifier ParseKey(string textOrPath) =>
        NoteKey.Parse((File.Exists(textOrPath) ? SmallFile.ReadKey(textOrPath) : textOrPath).Trim());

    /// <summary>The options that say where checkpoints and keys are.</summary>
    /// <param name="mayDoWithout">Whether the command is of use without checkpoints.</param>
    internal sealed class Options(bool mayDoWithout)
    {
        public Option<string?> Path { get; } = Arguments.TextOption(
            "--checkpoints",
            "FILE",
            $"The file of signed checkpoints{(mayDoWithout ? $", or '{NoFile}' to do without" : "")}. "
            + "By default beside a store in a file, with .checkpoints after its name.");

        public Option<string[]> Keys { get; } = Arguments.ManyOption(
            "--key",
            "KEY",
            "A public key whose signatures are believed: its text, or a file with it. By default the file beside the store, "
            + "with .key.pub after its name.");

        public Option<string?> Origin { get; } = Arguments.TextOption(
            "--origin", "NAME", "The name of the log. By default that of the key.");

        public void AddTo(Command command)
        {
            command.Options.Add(Path);
            command.Options.Add(Keys);
            command.Options.Add(Origin);
        }

        public CheckpointFiles In(ParseResult parsed, StoreText store)
        {
            var keys = parsed.GetRequiredValue(Keys);
            if (keys.Length == 0 && store.File is { } file && SigningKey.PublicPath(file + ".key") is var beside && File.Exists(beside))
                keys = [beside];
            var named = parsed.GetValue(Path);
            var path = named == NoFile ? null : named ?? (store.File is { } place ? place + ".checkpoints" : null);
            return new CheckpointFiles(path, keys, parsed.GetValue(Origin), IsNamed: named is not null);
        }
    }
}
