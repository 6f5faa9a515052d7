namespace Shop;

/// <summary>What the exit codes of the sample say.</summary>
internal static class ExitCode
{
    public const int Ok = 0;
    public const int DoesNotAddUp = 1;
    public const int CannotRun = 2;
    public const int Interrupted = 130;
}
