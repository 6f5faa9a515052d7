namespace EventSourcing.Explorer;

/// <summary>What one mapped explorer keeps between requests. Thread-safe.</summary>
internal sealed class ExplorerState(EventExplorerOptions options, CancellationToken stopping)
{
    public EventExplorerOptions Options => options;

    /// <summary>Ends when the app does.</summary>
    public CancellationToken Stopping => stopping;

    public VerificationRun Verification { get; } = new();

    public EventRate Rate { get; } = new();

    public NewestCheckpoints Checkpoints { get; } = new();
}
