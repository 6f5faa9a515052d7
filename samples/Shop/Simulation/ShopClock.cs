namespace Shop;

/// <summary>
/// The clock of the simulated day. It moves only when nobody acts, so that all that happens in a minute is recorded in that
/// minute, however long it takes.
/// </summary>
internal sealed class ShopClock : TimeProvider
{
    /// <summary>When the doors open: the morning of Black Friday.</summary>
    public static readonly DateTimeOffset Opening = new(2026, 11, 27, 8, 0, 0, TimeSpan.Zero);

    private long _utcTicks = Opening.UtcTicks;

    public void SetMinute(int minute) => Volatile.Write(ref _utcTicks, Opening.AddMinutes(minute).UtcTicks);

    public override DateTimeOffset GetUtcNow() => new(Volatile.Read(ref _utcTicks), TimeSpan.Zero);
}
