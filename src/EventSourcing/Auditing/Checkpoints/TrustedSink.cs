namespace EventSourcing.Ledger;

/// <summary>Wraps the app's sink: only signed content is trusted, and all failures have one type.</summary>
internal sealed class TrustedSink(LedgerOptions options, ICheckpointSink sink)
{
    public async ValueTask<(SignedNote Note, Checkpoint Checkpoint)?> ReadNewestAsync(CancellationToken cancellationToken)
    {
        var newest = await CallAsync(sink.ReadNewestAsync, CheckpointSinkException.NotRead, cancellationToken).ConfigureAwait(false);
        if (newest is null) return null;
        try
        {
            return (newest, Checkpoint.Open(newest, options.Origin, options.Verifiers));
        }
        catch (EventSourcingException doubt)
        {
            throw CheckpointSinkException.NotTrusted(
                options.Origin, $"the newest in {sink} is not what it should be. {Names.MessageOf(doubt)}", doubt);
        }
    }

    public ValueTask<bool> TryWriteAsync(SignedNote checkpoint, SignedNote? newest, CancellationToken cancellationToken) =>
        CallAsync(ct => sink.TryWriteAsync(checkpoint, newest, ct), CheckpointSinkException.NotWritten, cancellationToken);

    private async ValueTask<T> CallAsync<T>(
        Func<CancellationToken, ValueTask<T>> call,
        Func<string, string, Exception, CheckpointSinkException> error,
        CancellationToken cancellationToken)
    {
        try
        {
            return await call(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure) when (!(failure is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            throw error(options.Origin, $"{sink} has failed. {Names.MessageOf(failure)}", failure);
        }
    }
}
