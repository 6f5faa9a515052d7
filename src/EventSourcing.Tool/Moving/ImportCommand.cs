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
        await using var input = path == "-" ? screen.OpenInput() : OpenFile(path);
        using var events = new EventFileReader(input, path);
        var header = await events.ReadHeaderAsync(cancellationToken);

        // What is refused may make no store, so the store is opened only when the first events have proved to be some.
        var first = await ReadBatchAsync(events, after: 0, cancellationToken);
        await TryAsync(first, cancellationToken);
        await using var target = await text.OpenOrCreateAsync(cancellationToken);
        var before = await target.Storage.Ledger.GetFrontierAsync(cancellationToken);
        using var progress = new ProgressLine(screen);
        var tree = await ImportAsync(events, first, header, target.Storage, before, progress, cancellationToken);
        progress.Dispose();
        var stored = await target.Storage.Ledger.GetFrontierAsync(cancellationToken);
        return Print(screen, header, before.Size, tree, stored);
    }

    /// <summary>Stores the events that the target does not have yet, and compares those that it has.</summary>
    private static async Task<MerkleFrontier> ImportAsync(
        EventFileReader events,
        List<StoredEvent> first,
        EventFileHeader header,
        IEventStorage target,
        MerkleFrontier before,
        ProgressLine progress,
        CancellationToken cancellationToken)
    {
        var tree = new MerkleFrontier();
        using var hasher = new LedgerHasher();
        if (before.Size > header.Head) throw NotTheBeginning(before);
        for (var batch = first; batch.Count > 0; batch = await ReadBatchAsync(events, tree.Size, cancellationToken))
        {
            var isNew = new List<StoredEvent>();
            foreach (var stored in batch)
            {
                tree.Append(stored.HashLeaf(hasher), completed: null, hasher);
                if (tree.Size == before.Size && tree.Root() != before.Root()) throw NotTheBeginning(before);
                if (tree.Size > before.Size) isNew.Add(stored);
            }

            if (isNew.Count == 0) continue;
            await target.ImportAsync(new ImportRequest(isNew), cancellationToken);
            progress.Report("Importing", tree.Size, Math.Max(header.Head, tree.Size));
        }

        if (tree.Size < before.Size) throw NotTheBeginning(before);
        return tree;
    }

    /// <summary>Reads as many events as are stored at once; none at the end.</summary>
    private static async Task<List<StoredEvent>> ReadBatchAsync(EventFileReader events, long after, CancellationToken cancellationToken)
    {
        var batch = new List<StoredEvent>();
        for (var bytes = 0; batch.Count < EventsOfBatch && bytes < BytesOfBatch;)
        {
            if (await events.ReadAsync(cancellationToken) is not { } stored) break;
            var last = after + batch.Count;
            if (stored.Position != last + 1)
                throw events.Flawed($"has position {Format.Plain(stored.Position)} after {Format.Plain(last)}");
            batch.Add(stored);
            bytes += stored.Data.Length + stored.Metadata.Length;
        }

        return batch;
    }

    /// <summary>Finds out whether a store takes the first events of a log, which depends on nothing but them.</summary>
    private static async Task TryAsync(List<StoredEvent> events, CancellationToken cancellationToken)
    {
        if (events.Count == 0) return;
        await using var trial = new InMemoryEventStorage(new EventStorageOptions { Limits = StoreText.Unlimited });
        await trial.ImportAsync(new ImportRequest(events), cancellationToken);
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
