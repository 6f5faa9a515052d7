namespace EventSourcing;

/// <summary>What is said if the app's code of a command returns <see langword="null"/>, which is no decision.</summary>
internal static class MissingAnswer
{
    /// <summary>Returns what the app's code returned, if that is something.</summary>
    /// <param name="answer">What it returned.</param>
    /// <param name="what">What it should have been.</param>
    /// <exception cref="InvalidOperationException">It is <see langword="null"/>.</exception>
    public static T ThrowIfNull<T>(T? answer, string what)
        where T : class => answer ?? throw Error(what);

    /// <summary>The error.</summary>
    /// <param name="what">What is missing.</param>
    public static InvalidOperationException Error(string what) => new(
        $"The code of the command returned null for {what}. Nothing was written. If there is nothing to append, return an empty list.");
}
