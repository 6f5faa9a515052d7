namespace EventSourcing.Sqlite.Tests;

/// <summary>A store with events of many lengths in several streams.</summary>
internal static class FilledStore
{
    public static async Task<SqliteEventStorage> OpenAsync(string path, int events, string text = "text")
    {
        var storage = new SqliteEventStorage(path);
        for (var n = 0; n < events; n += 100)
        {
            var page = Enumerable.Range(n, Math.Min(100, events - n)).Select(i => EventNumber(i, text));
            await storage.AppendAsync(Some.Append($"s-{n % 700}", ExpectedVersion.Any, [.. page]));
        }

        return storage;
    }

    private static NewEvent EventNumber(int i, string text) =>
        Some.Event(data: $$"""{"n":{{i}},"text":"{{text}} {{new string('x', i % 400)}}"}""", tags: $"t{i % 5}");
}
