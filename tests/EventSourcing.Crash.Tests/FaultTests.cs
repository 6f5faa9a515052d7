namespace EventSourcing.Crash.Tests;

/// <summary>
/// A short run of each fault of the crash harness. The long ones are a command of their own: see the harness's README.
/// </summary>
public sealed class FaultTests
{
    private const int Seed = 20_240_607;

    [Fact]
    public async Task Kill_of_one_writer_loses_nothing() => Check(await KillFault.OneWriterAsync(16, Seed));

    [Fact]
    public async Task Kill_of_one_or_all_of_three_writers_loses_nothing() => Check(await KillFault.ThreeWritersAsync(12, Seed));

    [Fact]
    public async Task Kill_during_checkpoints_loses_nothing() => Check(await KillFault.DuringCheckpointsAsync(10, Seed));

    [Fact]
    public async Task Kill_during_read_model_commits_leaves_documents_and_checkpoint_agreeing() => Check(await KillFault.DuringReadModelCommitsAsync(8, Seed));

    [LinuxFact]
    public async Task Kill_of_projecting_processes_skips_and_repeats_nothing() => Check(await ProjectFault.RunAsync(8, Seed));

    [LinuxFact]
    public async Task Suspended_host_is_replaced_and_writes_nothing_once_it_wakes() => Check(await LeaseFault.RunAsync(2, time: null, Seed));

    [Fact]
    public async Task Kill_during_creation_leaves_a_file_that_becomes_a_store() => Check(await KillFault.DuringCreationAsync(8, Seed));

    [Fact]
    public async Task Creation_by_six_handles_at_once_makes_one_store() => Check(await KillFault.CreationRaceAsync(120, Seed));

    [LinuxFact]
    public async Task Loss_of_power_loses_nothing() => Check(await PowerFault.RunAsync(300, Seed));

    [LinuxFact]
    public async Task Loss_of_power_after_a_kill_and_a_repetition_loses_nothing() => Check(await PowerFault.AfterKillAsync(400, Seed));

    [LinuxFact]
    public async Task Loss_of_power_with_less_durability_shows_as_loss()
    {
        Check(await PowerFault.ControlAsync(100, Seed, "NORMAL"));
        Check(await PowerFault.ControlAsync(100, Seed, "OFF"));
    }

    [LinuxFact]
    public async Task Failing_calls_are_typed_and_repetition_resolves_them() => Check(await CallFault.RunAsync(12));

    [LinuxFact]
    public async Task Full_disk_is_typed_and_over_once_there_is_space() => Check(await FullDiskFault.OnBudgetAsync(24));

    [LinuxFact]
    public async Task Suspended_lock_holder_makes_others_time_out_and_then_succeed() => Check(await SuspendFault.LockHolderAsync(1));

    [LinuxFact]
    public async Task Suspended_writer_makes_others_succeed_or_find_the_store_busy() => Check(await SuspendFault.WriterAsync(20, Seed));

    [LinuxFact]
    public async Task Suspended_reader_lets_appends_go_on() => Check(await SuspendFault.ReaderAsync(1));

    [Fact]
    public async Task Clock_that_jumps_never_turns_a_stamp_back() => Check(await ClockFault.RunAsync(4, Seed));

    private static void Check(Tally tally) =>
        tally.IsGood.Should().BeTrue("{0} runs, {1} acknowledged, {2} lost, {3} duplicated, {4} unexplained: {5}", tally.Runs, tally.Acknowledged, tally.Lost, tally.Duplicated, tally.Unexplained, string.Join(Environment.NewLine, tally.Notes));
}

/// <summary>A test that needs what only Linux with gcc has.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxFactAttribute : FactAttribute
{
    public LinuxFactAttribute() => Skip = FaultLibrary.Obstacle();
}
