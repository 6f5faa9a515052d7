namespace EventSourcing.Tests.Concurrency;

/// <summary>Who waits for the position of an append finds it in the read model, whatever else goes on.</summary>
public abstract class ReadYourWritesTests
{
    private const int Writers = 8;
    private const int NotesPerWriter = 25;

    [Fact]
    public async Task Wait_for_an_own_position_among_8_writers_finds_the_own_event()
    {
        for (var round = 0; round < Effort.Races(2); round++) await Notes.RaceAsync(OpenHandles(1), Writers, NotesPerWriter);
    }

    [Fact]
    public async Task Run_one_projection_twice_folds_each_event_once()
    {
        for (var round = 0; round < Effort.Races(2); round++) await Notes.RaceAsync(OpenHandles(2), Writers / 2, NotesPerWriter);
    }

    /// <summary>Opens a new, empty storage, with so many handles as if by so many apps; all may be one.</summary>
    protected abstract IReadOnlyList<IEventStorage> OpenHandles(int count);
}
