namespace EventSourcing.Testing;

/// <summary>Compares read models, as texts by key, with one of them.</summary>
internal sealed class ReadModelComparison(string projection, string mode, IReadOnlyDictionary<string, string> expected)
{
    public async Task HoldAsync(string otherMode, Func<Task<Dictionary<string, string>>> fold)
    {
        Dictionary<string, string> actual;
        try
        {
            actual = await fold().ConfigureAwait(false);
        }
        catch (EventSourcingException failure)
        {
            throw new ProjectionModesException(projection, mode, otherMode, failure);
        }

        Hold(otherMode, actual);
    }

    public void Hold(string otherMode, Dictionary<string, string> actual)
    {
        foreach (var key in expected.Keys.Union(actual.Keys).Order(StringComparer.Ordinal))
        {
            var (text, otherText) = (expected.GetValueOrDefault(key), actual.GetValueOrDefault(key));
            if (text != otherText) throw new ProjectionModesException(projection, mode, otherMode, key, text, otherText);
        }
    }
}
