namespace EventSourcing.Hosting.Tests;

/// <summary>A storage that several stores of a test have in common, as several processes have one file: no store closes it.</summary>
internal sealed class Shared(IEventStorage inner)
{
    public IEventStorage Storage { get; } = Outage.Intercepted<IEventStorage>.Of(inner, new Outage(inner), new() { ["DisposeAsync"] = ValueTask.CompletedTask });
}
