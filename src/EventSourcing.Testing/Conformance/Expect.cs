using System.Globalization;

namespace EventSourcing.Testing;

/// <summary>What cases expect; each failure says what was expected and what happened.</summary>
internal static class Expect
{
    public static void Equal<T>(T expected, T actual, string what)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, actual))
            throw new ConformanceException($"Expected {what} to be {Show(expected)}, but it was {Show(actual)}.");
    }

    public static void True(bool holds, string expectation)
    {
        if (!holds) throw new ConformanceException($"Expected that {expectation}, but it is not so.");
    }

    public static void Sequence<T>(IReadOnlyList<T> expected, IReadOnlyList<T> actual, string what)
    {
        for (var i = 0; i < Math.Min(expected.Count, actual.Count); i++)
        {
            if (!EqualityComparer<T>.Default.Equals(expected[i], actual[i]))
                throw new ConformanceException($"Expected {what} to have at index {i} {Show(expected[i])}, but it has {Show(actual[i])}.");
        }

        if (expected.Count == actual.Count) return;
        var surplus = expected.Count > actual.Count ? $"missing {Show(expected[actual.Count])}" : $"surplus {Show(actual[expected.Count])}";
        throw new ConformanceException($"Expected {what} to have {expected.Count} elements, but it has {actual.Count}; {surplus}.");
    }

    public static async Task<TException> ThrowsAsync<TException>(Func<Task> act, string what)
        where TException : Exception
    {
        try
        {
            await act();
        }
        catch (TException expected)
        {
            return expected;
        }
        catch (Exception other) when (other is not ConformanceException)
        {
            throw new ConformanceException(
                $"Expected {what} to fail with {typeof(TException).Name}, but it failed with {other.GetType().Name}: {other.Message}",
                other);
        }

        throw new ConformanceException($"Expected {what} to fail with {typeof(TException).Name}, but it succeeded.");
    }

    private static string Show<T>(T value) => value switch
    {
        null => "null",
        string text => $"'{text}'",
        DateTimeOffset instant => instant.ToString("O", CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}
