namespace EventSourcing;

/// <summary>How projections and reactors run. Immutable; change it by <c>with</c>.</summary>
public sealed record ProjectionOptions
{
    /// <summary>
    /// The default options of reactors: retries for some hours, since the services that they need may be down, and up to 100,000 streams
    /// held back meanwhile.
    /// </summary>
    public static ProjectionOptions ForReactors { get; } = new()
    {
        RetryDelays =
        [
            TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30),
            TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromHours(1), TimeSpan.FromHours(3),
        ],
        MaxParked = 100_000,
    };

    /// <summary>What happens after the last retry of a failing event; by default it is parked.</summary>
    public FailureMode OnFailure { get; init; } = FailureMode.Park;

    /// <summary>
    /// The pauses before an event that failed is tried again; by default 0.1 s, 1 s and 5 s. Everything else goes on meanwhile, except with
    /// <see cref="FailureMode.Stop"/>. None is negative or longer than 24 days.
    /// </summary>
    public IReadOnlyList<TimeSpan> RetryDelays
    {
        get;
        init
        {
            ArgumentNullException.ThrowIfNull(value, nameof(RetryDelays));
            field = [.. value.Select(delay => TimeLimit.Checked(delay, least: TimeSpan.Zero))];
        }
    } = [TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5)];

    /// <summary>
    /// How many streams or documents may be parked before the whole projection stops; 1,000 by default. If there are more, the cause is
    /// probably not in these streams or documents.
    /// </summary>
    public int MaxParked { get; init => field = CountLimit.Positive(value); } = 1_000;

    /// <summary>
    /// How long a process that runs a projection may give no sign of life before another takes over; 5 s by default. A process that is
    /// known to have ended is replaced at once. Correctness does not depend on it: a process that has lost a projection cannot write,
    /// however late it notices. From 0.1 s to 24 days.
    /// </summary>
    public TimeSpan LeaseDuration
    {
        get;
        init => field = TimeLimit.Checked(value, least: TimeSpan.FromMilliseconds(100));
    } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long stopping may wait for handlers that do not end although their token is cancelled; 20 s by default, since hosts and
    /// orchestrators commonly give an app 30 s to end, and the store is closed after this. Handlers that take longer are given up: see
    /// <see cref="RunningSubscribers.Abandoned"/>. At most 24 days, or <see cref="Timeout.InfiniteTimeSpan"/> to wait without end. Only
    /// this limit is in real time, whatever the storage's clock says; all other waits use the storage's clock.
    /// </summary>
    public TimeSpan StopTimeout
    {
        get;
        init => field = value == Timeout.InfiniteTimeSpan ? value : TimeLimit.Checked(value, least: TimeSpan.Zero);
    } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// The most events in one transaction while catching up; 16,384 by default. All documents that they change are in memory at the same
    /// time, and are written while appends wait: if documents are large, say 100 KiB, choose fewer.
    /// </summary>
    public int MaxBatchEvents { get; init => field = CountLimit.Positive(value); } = 16_384;

    /// <summary>
    /// Gives each delivery of a reactor an object of its own, for example with services of a scope. It is called with the reactor that was
    /// started, before each delivery, perhaps on several threads at a time. By default, the reactor that was started handles all. If it
    /// throws, the event has failed. Projections do not use it.
    /// </summary>
    public Func<Reactor, DeliveryScope>? DeliveryScopes { get; init; }
}
