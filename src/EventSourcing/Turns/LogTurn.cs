using System.Diagnostics.CodeAnalysis;

namespace EventSourcing;

/// <summary>
/// The turn of the commands of one store that have met a conflict and are not on one stream. What such a command depends on is known only
/// when it has been decided, so each is first tried without waiting. If many would go on meeting each other, they line up here, and each is
/// decided again while the others wait. Thread-safe.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Nobody uses the wait handle of the semaphore, so there is nothing to dispose of.")]
internal sealed class LogTurn
{
    /// <summary>How long one command may keep the others waiting, in milliseconds.</summary>
    private const int Patience = 1_000;

    /// <summary>How often those who wait look how long the turn has been taking, in milliseconds.</summary>
    private const int Look = 100;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private long _takenAt;

    /// <summary>Waits for the turn, first come, first served.</summary>
    /// <returns>Whether the caller has the turn. If not, the one who has it takes too long, and the caller goes on without.</returns>
    public async ValueTask<bool> TryTakeAsync(CancellationToken cancellationToken)
    {
        // Within another command it may be that one who has the turn.
        if (StreamTurns.IsWithinCommand) return false;
        while (!await _turn.WaitAsync(Look, cancellationToken).ConfigureAwait(false))
        {
            if (Environment.TickCount64 - Volatile.Read(ref _takenAt) >= Patience) return false;
        }

        Volatile.Write(ref _takenAt, Environment.TickCount64);
        return true;
    }

    /// <summary>Ends the turn of a caller who has it.</summary>
    public void End() => _turn.Release();
}
