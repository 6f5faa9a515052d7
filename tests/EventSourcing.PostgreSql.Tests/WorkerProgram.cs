namespace EventSourcing.PostgreSql.Tests;

/// <summary>What this assembly does when it is started as a process of its own: another app on a test's store.</summary>
public static class WorkerProgram
{
    public static Task<int> Main(string[] arguments) => Task.FromResult(arguments.Length > 0 ? 64 : 0);
}
