namespace EventSourcing.Tamper;

/// <summary>A small store that has something in every table that the library makes.</summary>
/// <param name="File">The file, closed properly.</param>
/// <param name="Checkpoints">Kept while it grew; the last one is of its present size.</param>
/// <param name="Contents">What its log says.</param>
/// <param name="Rows">Every row of every table but the log's own, by table.</param>
internal sealed record ColumnStore(
    byte[] File, IReadOnlyList<Checkpoint> Checkpoints, Contents Contents, IReadOnlyDictionary<string, IReadOnlyList<Cell[]>> Rows)
{
    public const string Stream = "account-1";
    public const string Tag = "t:1";
    private const int Fillers = 250;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static EventStore Open(string path, bool inline = false) => new(
        new SqliteEventStorage(path, new SqliteEventStorageOptions { BusyTimeout = TimeSpan.FromSeconds(2) }),
        new EventTypes(EventType.Of<Paid>("paid"), EventType.Of<Named>("named"), EventType.Of<Remarked>("remarked")),
        inline ? new EventStoreOptions().WithInlineProjections(new Totals()) : null);

    /// <summary>What projections and the reactor run with: nothing is tried again while somebody waits.</summary>
    public static ProjectionOptions Running { get; } = new() { RetryDelays = [], StopTimeout = TimeSpan.FromSeconds(5) };

    public static async Task<ColumnStore> CreateAsync(WorkFolder folder)
    {
        var path = folder.File("columns-sound.db");
        var checkpoints = new List<Checkpoint>();
        await using (var store = Open(path, inline: true))
        {
            for (var i = 1; i <= 3; i++)
            {
                await store.Aggregate<Account>($"{i}").CreateAsync(account => account.Call($"n{i}"));
                for (var n = 1; n <= 4; n++) await store.Aggregate<Account>($"{i}").UpdateAsync(account => account.Pay(n, "é"));
                await AppendAsync(store, $"account-{i}", new Remarked("secret"), [], null);
            }

            await AppendAsync(store, "account-1", new Paid(5, "x"), ["t:1", "t:2"], "u1");
            await AppendAsync(store, "other-1", new Named("bad one"), ["t:1"], null);
            await AppendAsync(store, "other-2", new Named("bad two"), [], null);
            await store.Snapshots().FlushAsync();
            await FollowAsync(store);
            await store.ErasePayloadsAsync([6, 12], "asked for", "office");
            checkpoints.Add(await SampleStore.CheckpointAsync(store.Storage));

            // What follows is for those who catch up; the batch completes a tile.
            await store.AppendAsync("filler", ExpectedVersion.Any, [.. Enumerable.Range(0, Fillers).Select(i => new Paid(1, "f"))]);
            for (var n = 1; n <= 3; n++) await store.Aggregate<Account>("1").UpdateAsync(account => account.Pay(10 * n, "z"));
            await AppendAsync(store, "account-1", new Named("last"), ["t:1"], "u2");
            await store.ProjectionAdmin().RebuildDocumentAsync(nameof(Sums), "account-2");
            await store.Aggregate<Account>("1").LoadAsync();
            await store.Snapshots().FlushAsync();
            checkpoints.Add(await SampleStore.CheckpointAsync(store.Storage));
        }

        using var shell = new Shell(path);
        var contents = Contents.Read(shell);
        var rows = StoreTable.In(shell).ToDictionary(table => table.Name, table => table.Rows(shell), StringComparer.Ordinal);
        shell.Dispose();
        return new ColumnStore(await System.IO.File.ReadAllBytesAsync(path), checkpoints, contents, rows);
    }

    /// <summary>Has everything run that follows the log, so that it leaves what it keeps of that.</summary>
    private static async Task FollowAsync(EventStore store)
    {
        await using (var projections = store.StartProjections(Running, new Sums(), new Payments()))
        {
            await projections.CatchUpAsync(Patience);
        }

        await using var reactors = await store.StartReactorsAsync(Running, new Letters());
        var admin = store.ProjectionAdmin();
        await UntilAsync(async () => (await admin.GetParkedAsync(nameof(Letters))).Count == 2);
        var parked = (await admin.GetParkedAsync(nameof(Letters))).First(parked => parked.Partition == "other-1");
        await admin.SkipAsync(parked, "office", "cannot be sent");
        await UntilAsync(async () => (await admin.GetSkippedAsync(nameof(Letters))).Count == 1);
    }

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!await isSo()) await Task.Delay(20, limit.Token);
    }

    private static Task<AppendResult> AppendAsync(EventStore store, string stream, object payload, string[] tags, string? user) =>
        store.AppendAsync(stream, ExpectedVersion.Any, [new EventData(payload)
        {
            Tags = tags,
            Metadata = user is null
                ? null
                : new EventMetadata { CorrelationId = "c" + user, Values = new Dictionary<string, string> { ["user"] = user } },
        }]);
}
