namespace EventSourcing.Ledger;

/// <summary>Wraps the app's sink: only signed content is trusted, and all failures have one type.</summary>
internal sealed class TrustedSink(LedgerOptions options, ICheckpointSink sink)
{
    public async ValueTask<(SignedNote Note, Checkpoint Checkpoint)?> ReadNewestAsync(CancellationToken cancellationToken)
    {
        var newest = await CallAsync("read", sink.ReadNewestAsync, cancellationToken).ConfigureAwait(false);
        if (newest is null) return null;
        try
        {
            return (newest, Checkpoint.Open(newest, options.Origin, options.Verifiers));
        }
        catch (EventSourcingException doubt)
        {
            throw new CheckpointSinkException(options.Origin, $"the newest in {sink} cannot be trusted. {doubt.Message}", doubt);
        }
    }

    public ValueTask<bool> TryWriteAsync(SignedNote checkpoint, SignedNote? newest, CancellationToken cancellationToken) =>
        CallAsync("written", ct => sink.TryWriteAsync(checkpoint, newest, ct), cancellationToken);

    private async ValueTask<T> CallAsync<T>(string what, Func<CancellationToken, ValueTask<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (!(failure is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            throw new CheckpointSinkException(options.Origin, $"{sink} cannot be {what}. {failure.Message}", failure);
        }
    }
}
