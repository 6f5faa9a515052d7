namespace Banking;

/// <summary>
/// The clock of an import: it stands at the beginning of the day that is being imported. The store stamps its events
/// with it, so that the past can be asked for by the dates of the bank.
/// </summary>
internal sealed class ImportClock : TimeProvider
{
    private long _utcTicks;

    public void SetDay(DateOnly day) => Volatile.Write(ref _utcTicks, day.ToDateTime(TimeOnly.MinValue).Ticks);

    public override DateTimeOffset GetUtcNow() => new(Volatile.Read(ref _utcTicks), TimeSpan.Zero);
}
