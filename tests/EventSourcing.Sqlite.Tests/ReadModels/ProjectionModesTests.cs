using System.Globalization;
using EventSourcing.Testing;

namespace EventSourcing.Sqlite.Tests.ReadModels;

public sealed class ProjectionModesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Fold_a_history_in_a_file_gives_the_same_documents_in_all_modes()
    {
        await using var history = await HistoryAsync();
        await ProjectionModes.AssertAgreeAsync(history, () => new Counts(), new Files(_folder));
    }

    [Fact]
    public async Task Fold_a_history_in_a_file_gives_the_same_tables_in_all_modes()
    {
        await using var history = await HistoryAsync();
        await ProjectionModes.AssertAgreeAsync(history, () => new CountTable(), ReadAsync, new Files(_folder));
    }

    [Fact]
    public async Task Fold_into_tables_by_a_projection_with_a_state_of_its_own_is_found_out()
    {
        await using var history = await HistoryAsync();
        var finding = (await FluentActions.Awaiting(() => ProjectionModes.AssertAgreeAsync(history, () => new CountTable(hasState: true), ReadAsync, new Files(_folder)))
            .Should().ThrowAsync<ProjectionModesException>()).Which;
        finding.Projection.Should().Be("CountTable");
        finding.Mode.Should().Be("async, started again with a new object in between");
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<EventStore> HistoryAsync()
    {
        var store = new EventStore(new InMemoryEventStorage(), new EventTypes(EventType.Of<Counted>("counted")));
        for (var n = 0; n < 12; n++) await store.AppendAsync($"counter-{n % 3}", ExpectedVersion.Any, [new Counted(n), new Counted(100)]);
        return store;
    }

    private static Task<string> ReadAsync(EventStore store, CancellationToken cancellationToken) => ((SqliteEventStorage)store.Storage).QueryAsync(
        async (connection, token) =>
        {
            await using var command = connection.CreateCommand();
            command.CommandText = "SELECT group_concat(id || '=' || amount, ' ') FROM (SELECT id, amount FROM counts ORDER BY id)";
            return Convert.ToString(await command.ExecuteScalarAsync(token), CultureInfo.InvariantCulture) ?? "";
        },
        cancellationToken).AsTask();

    private sealed record Counted(int Amount);

    private sealed record Count(int Amount);

    private sealed class Counts : Projection<Count>
    {
        public Counts() => On<Counted>((count, e) => new Count((count?.Amount ?? 0) + e.Amount));
    }

    private sealed class CountTable : TableProjection
    {
        private int _seen;

        public CountTable(bool hasState = false)
            : base("counts") =>
            On<Counted>((tables, e, recorded, cancellationToken) => tables.ExecuteAsync(
                $"INSERT INTO {tables["counts"]} VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET amount = amount + excluded.amount",
                [recorded.StreamId, hasState ? ++_seen : e.Amount],
                cancellationToken));

        protected override ValueTask CreateAsync(ProjectionTables tables, CancellationToken cancellationToken) =>
            tables.ExecuteAsync($"CREATE TABLE {tables["counts"]} (id TEXT PRIMARY KEY, amount INTEGER NOT NULL) WITHOUT ROWID", [], cancellationToken);
    }

    private sealed class Files(TemporaryFolder folder) : IEventStorageFixture
    {
        private int _files;

        public ValueTask<IEventStorage> CreateAsync(EventStorageOptions options, CancellationToken cancellationToken) =>
            new(new SqliteEventStorage(folder.FileNamed($"{_files++}.db"), new SqliteEventStorageOptions { TimeProvider = options.TimeProvider, Limits = options.Limits }));
    }
}
