using EventSourcing.Tests.Projections;

namespace EventSourcing.PostgreSql.Tests.Projections;

/// <summary>
/// The server fails while SQL of a projection runs. That is no fault of the event, nor of the projection: nothing is parked, no attempt is
/// counted, and it goes on when the server does.
/// </summary>
public sealed class ServerFailureTests : EngineTests
{
    private const string Deadlock = "40P01", DiskFull = "53100", LockTimeout = "55P03", IoError = "58030", Terminated = "57P01";
    private readonly OneSchema _schema;

    public ServerFailureTests()
        : this(new OneSchema())
    {
    }

    private ServerFailureTests(OneSchema schema)
        : base(schema) => _schema = schema;

    [Theory]
    [InlineData(Deadlock)]
    [InlineData(Terminated)]
    [InlineData(DiskFull)]
    [InlineData(LockTimeout)]
    [InlineData(IoError)]
    public async Task Fail_within_the_sql_of_a_projection_is_tried_again_and_parks_nothing(string state)
    {
        var store = OpenStore();
        var projection = new Failing(state);
        await using var running = store.StartProjections(NoRetries, projection);

        // A wait for the position would throw the error of the storage, while it is tried again.
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await UntilAsync(async () => (await running.GetStatusAsync())[0] is { Position: 1, State: ProjectionState.Live }, "it goes on");

        projection.Calls.Should().BeGreaterThan(1);
        (await store.ProjectionAdmin().GetParkedAsync("failing")).Should().BeEmpty();
        _schema.Run("SELECT count(*)::int FROM {es}.marks").Should().Be(1);
    }

    [Fact]
    public async Task Fail_of_the_sql_of_a_projection_itself_is_parked()
    {
        var store = OpenStore();
        await using var running = store.StartProjections(NoRetries, new Failing("22012"));
        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);
        await UntilParkedAsync(store, "failing", 1);
    }

    [Theory]
    [InlineData(Deadlock)]
    [InlineData(Terminated)]
    public async Task Fail_within_the_sql_of_an_inline_projection_that_the_server_repeats_is_not_seen(string state)
    {
        var projection = new Failing(state);
        await using var store = OpenInline(projection);

        await store.AppendAsync("s-1", ExpectedVersion.NoStream, [Tallied.For("a")]);

        projection.Calls.Should().Be(2);
        _schema.Run("SELECT count(*)::int FROM {es}.marks").Should().Be(1);
    }

    [Fact]
    public async Task Fail_of_the_disk_within_the_sql_of_an_inline_projection_is_the_storages()
    {
        await using var store = OpenInline(new Failing(DiskFull));

        var append = async () => await store.AppendAsync("s-1", ExpectedVersion.NoStream, [Tallied.For("a")]);

        var failed = await append.Should().ThrowAsync<StorageFailedException>();
        (failed.Which.OutcomeIsUnknown, failed.Which.IsTransient).Should().Be((false, true));
        (await store.GetHeadAsync()).Should().Be(0);
        await append();
        _schema.Run("SELECT count(*)::int FROM {es}.marks").Should().Be(1);
    }

    /// <summary>The storage's own statements are not the app's, though they are in the same commit.</summary>
    [Fact]
    public async Task Fail_of_the_disk_beside_the_sql_of_a_projection_is_tried_again()
    {
        var store = OpenStore();
        await using var running = store.StartProjections(NoRetries, new Failing(""));
        await running.WaitForAsync(await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")])).WaitAsync(Never);
        _schema.Run($"""
            CREATE FUNCTION {Es}.fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '{DiskFull}'; END $$;
            DO $do$ DECLARE found text; BEGIN
                FOR found IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = '{Es}'::regnamespace AND c.relname ~ '^documents_[0-9]+$' LOOP
                    EXECUTE format('CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON {Es}.%I EXECUTE FUNCTION {Es}.fill()', found);
                END LOOP;
            END $do$
            """);

        await store.AppendAsync("s-1", ExpectedVersion.Any, [Tallied.For("a")]);

        await UntilAsync(async () => running.Completion.IsCompleted || (await running.GetStatusAsync()).Any(s => s.State == ProjectionState.Retrying), "it is tried again");
        running.Completion.IsCompleted.Should().BeFalse();
        _schema.Run($"DROP FUNCTION {Es}.fill() CASCADE");

        // A wait fails at once as long as the last try has failed, so the next one is waited for.
        await UntilAsync(async () => (await running.GetStatusAsync()).All(s => s.State != ProjectionState.Retrying), "it was tried again");
        await running.CatchUpAsync().WaitAsync(Never);
        _schema.Run("SELECT count(*)::int FROM {es}.marks").Should().Be(2);
    }

    private string Es => $"\"{_schema.Name}\"";

    /// <summary>A projection whose SQL fails once, with an error of the server's.</summary>
    private sealed class Failing : TableProjection
    {
        private int _calls;

        public Failing(string state)
            : base("marks") => On<Tallied>(async (tables, _, recorded, cancellationToken) =>
        {
            await tables.ExecuteAsync($"INSERT INTO {tables["marks"]} (position) VALUES ($1)", [recorded.Position], cancellationToken);
            if (Interlocked.Increment(ref _calls) > 1 && state != "22012" || state.Length == 0) return;
            await tables.ExecuteAsync(
                state == Terminated ? "SELECT pg_terminate_backend(pg_backend_pid())"
                    : $"DO $$ BEGIN RAISE EXCEPTION 'it fails' USING ERRCODE = '{state}'; END $$",
                [],
                cancellationToken);
        });

        public override string Name => "failing";

        public int Calls => Volatile.Read(ref _calls);

        protected override async ValueTask CreateAsync(ProjectionTables tables, CancellationToken cancellationToken) =>
            await tables.ExecuteAsync($"CREATE TABLE {tables["marks"]} (position BIGINT PRIMARY KEY)", [], cancellationToken);
    }
}
