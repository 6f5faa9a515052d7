namespace EventSourcing.Hosting.Tests;

/// <summary>A storage that several stores of a test have in common, as several processes have one file: no store closes it.</summary>
internal sealed class Shared(IEventStorage inner, TimeProvider? clock = null)
{
    /// <summary>The storage, for a store with a clock of its own if there is one.</summary>
    public IEventStorage Storage { get; } = Outage.Intercepted<IEventStorage>.Of(inner, new Outage(inner), new()
    {
        ["DisposeAsync"] = ValueTask.CompletedTask,
        ["get_Options"] = clock is null ? inner.Options : inner.Options with { TimeProvider = clock },
    });
}
