namespace EventSourcing.Tool;

/// <summary>What the exit codes of all commands say.</summary>
internal static class ExitCode
{
    /// <summary>It is done; what was verified is sound, what was checked is proven.</summary>
    public const int Done = 0;

    /// <summary>
    /// The command ran and found something: the log is not sound, a proof does not hold, a limit of <c>--fail-on</c> is exceeded.
    /// </summary>
    public const int FoundSomething = 1;

    /// <summary>The command could not run. One line on standard error says why. A mistake in the command line counts, too.</summary>
    public const int CouldNotRun = 2;

    /// <summary>It was interrupted by Ctrl+C or by a signal to end.</summary>
    public const int Interrupted = 130;
}
