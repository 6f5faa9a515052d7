using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary><c>import FILE STORE</c></summary>
internal static class ImportCommand
{
    private const int EventsOfBatch = 1_000;
    private const int BytesOfBatch = 4 * 1024 * 1024;

    public static Command Create(Evs evs)
    {
        var file = Arguments.Text("FILE", "A file that 'evs export' has written as jsonl, all events of it; - for standard input.");
        var store = Arguments.Store();
        store.Description = "The store to import to. It is made if it is not there; one that an import has begun is gone on with.";
        var command = new Command(
            "import",
            "Imports an exported log: the same positions, ids, stamps, seals and erasures. At the end the root is compared with that of "
            + "the export. Exit code 1: it is another.")
        {
            file, store,
        };
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(evs.ScreenOf(parsed), parsed.GetRequiredValue(file), evs.StoreOf(parsed, store), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Screen screen, string path, StoreText text, CancellationToken cancellationToken)
    {
        // Open the file first: if it is missing, no store may be made.
        await using var input = path == "-" ? screen.OpenInput() : OpenFile(path);
        using var events = new EventFileReader(input, path);
        var header = await events.ReadHeaderAsync(cancellationToken);
        await using var target = await text.OpenOrCreateAsync(cancellationToken);
        var before = await target.Storage.Ledger.GetFrontierAsync(cancellationToken);
        using var progress = new ProgressLine(screen);
        var tree = await ImportAsync(events, header, target.Storage, before, progress, cancellationToken);
        progress.Dispose();
        var stored = await target.Storage.Ledger.GetFrontierAsync(cancellationToken);
        return Print(screen, header, before.Size, tree, stored);
    }

    /// <summary>Stores the events that the target does not have yet, and compares those that it has.</summary>
    private static async Task<MerkleFrontier> ImportAsync(
        EventFileReader events,
        EventFileHeader header,
        IEventStorage target,
        MerkleFrontier before,
        ProgressLine progress,
        CancellationToken cancellationToken)
    {
        var tree = new MerkleFrontier();
        using var hasher = new LedgerHasher();
        var batch = new List<StoredEvent>();
        var bytes = 0;
        if (before.Size > header.Head) throw NotTheBeginning(before);
        while (await events.ReadAsync(cancellationToken) is { } stored)
        {
            if (stored.Position != tree.Size + 1)
                throw events.Flawed($"has position {Format.Plain(stored.Position)} after {Format.Plain(tree.Size)}");
            tree.Append(stored.HashLeaf(hasher), completed: null, hasher);
            if (tree.Size == before.Size && tree.Root() != before.Root()) throw NotTheBeginning(before);
            if (tree.Size <= before.Size) continue;
            batch.Add(stored);
            bytes += stored.Data.Length + stored.Metadata.Length;
            if (batch.Count < EventsOfBatch && bytes < BytesOfBatch) continue;
            await StoreAsync();
        }

        if (tree.Size < before.Size) throw NotTheBeginning(before);
        if (batch.Count > 0) await StoreAsync();
        return tree;

        async Task StoreAsync()
        {
            await target.ImportAsync(new ImportRequest([.. batch]), cancellationToken);
            batch.Clear();
            bytes = 0;
            progress.Report("Importing", tree.Size, Math.Max(header.Head, tree.Size));
        }
    }

    private static int Print(Screen screen, EventFileHeader header, long before, MerkleFrontier tree, MerkleFrontier stored)
    {
        var isWhole = tree.Size == header.Head && tree.Root() == header.Root && stored.Size == tree.Size && stored.Root() == header.Root;
        return Screen.Found(isWhole ? ExitCode.Done : ExitCode.FoundSomething, () =>
        {
            if (screen.IsJson)
            {
                screen.Json(json =>
                {
                    json.WriteStartObject();
                    json.WriteNumber("events", stored.Size);
                    json.WriteNumber("imported", stored.Size - before);
                    json.WriteString("root", Format.Root(stored.Root()));
                    json.WriteBoolean("isRootOfExport", isWhole);
                    json.WriteEndObject();
                });
            }
            else
            {
                screen.Field("events", before == 0
                    ? Format.Plain(stored.Size)
                    : $"{Format.Plain(stored.Size)}, of which {Format.Plain(stored.Size - before)} are new");
                screen.Field("root", Format.Root(stored.Root()));
                screen.Field("result", isWhole ? screen.Good("the root is that of the export")
                    : tree.Size < header.Head ? screen.Bad(
                        $"NOT WHOLE: the file ends after {Format.Plain(tree.Size)} of {Format.Plain(header.Head)} events. "
                        + "Import the whole file to go on.")
                    : screen.Bad(
                        $"ANOTHER ROOT: the export says {Format.Root(header.Root)}. An event of the file was changed. Delete this store, "
                        + "and export again."));
            }
        });
    }

    private static FileStream OpenFile(string path) => File.Exists(path)
        ? new FileStream(
            path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan | FileOptions.Asynchronous)
        : throw new ToolException($"There is no file '{path}'.");

    private static ToolException NotTheBeginning(MerkleFrontier before) =>
        new(
            $"The store has {Format.Count(before.Size, "event")} that are not the beginning of this export. Nothing was imported. "
            + "Import into a new store.");
}
