namespace EventSourcing.Crash.Tests;

/// <summary>
/// A short run of each fault of the crash harness on PostgreSQL. The long ones are a command of their own: see the harness's
/// README.
/// </summary>
public sealed class PostgresFaultTests
{
    private const int Seed = 20_260_801;

    [PostgresFact]
    public async Task Kill_of_one_or_all_of_three_writers_loses_nothing() => Check(await PostgresProcessFault.KillAsync(6, Seed));

    [PostgresFact(needsSignals: true)]
    public async Task Suspended_writer_lets_the_others_go_on_and_loses_nothing() => Check(await PostgresProcessFault.SuspendAsync(2, Seed));

    [PostgresFact]
    public async Task Crash_and_restart_of_the_server_loses_nothing() => Check(await PostgresServerFault.RestartAsync(2, Seed));

    [PostgresFact]
    public async Task Backends_that_are_ended_lose_nothing() => Check(await PostgresServerFault.TerminateAsync(12, Seed));

    [PostgresFact]
    public async Task Connection_cut_at_messages_of_an_append_is_resolved_by_repetition() =>
        Check(await PostgresCutFault.RunAsync(30, Seed));

    /// <summary>Two runs, of which in one the waits for the replica are cancelled.</summary>
    [PostgresFact]
    public async Task Promotion_of_a_synchronous_replica_loses_nothing() => Check(await PostgresPromotionFault.SynchronousAsync(2, Seed));

    [PostgresFact]
    public async Task Promotion_of_an_asynchronous_replica_is_found_by_the_running_store_and_at_opening() =>
        Check(await PostgresPromotionFault.AsynchronousAsync(1, Seed));

    [PostgresFact]
    public async Task Promotion_of_an_asynchronous_replica_without_checkpoints_shows_as_loss() =>
        Check(await PostgresPromotionFault.ControlAsync(1, Seed));

    private static void Check(Tally tally) =>
        tally.IsGood.Should().BeTrue("{0} runs, {1} acknowledged, {2} lost, {3} duplicated, {4} unexplained: {5}", tally.Runs,
            tally.Acknowledged, tally.Lost, tally.Duplicated, tally.Unexplained, string.Join(Environment.NewLine, tally.Notes));
}

/// <summary>A test that starts PostgreSQL servers of its own. Where it cannot, it is skipped by name.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute(bool needsSignals = false) => Skip = needsSignals ? PostgresStore.SignalObstacle()
        : PostgresStore.Obstacle();
}
