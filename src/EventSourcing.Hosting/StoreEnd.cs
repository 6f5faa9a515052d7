namespace EventSourcing;

/// <summary>
/// Ends a store when the container is disposed and the host was not stopped before. A container disposes first what it has made last: this
/// is made after the projections, so none of them handles an event after it was disposed.
/// </summary>
internal sealed class StoreEnd(HostedStore hosted) : IAsyncDisposable, IDisposable
{
    public ValueTask DisposeAsync() => hosted.DisposeAsync();

    public void Dispose() => hosted.Dispose();
}
