using System.Text;

namespace EventSourcing.Tool.Tests;

/// <summary>Stores of random events, the same for the same seed but for their salts and ids.</summary>
internal static class AnyStore
{
    /// <summary>A store of random events: empty and large data, all of Unicode, tags, metadata, several streams, and erasures.</summary>
    public static async Task MakeAsync(string path, int seed, int events = 400)
    {
        var random = new Random(seed);
        await using var storage = new SqliteEventStorage(path);
        for (var made = 0; made < events;)
        {
            var batch = Enumerable.Range(0, random.Next(1, 40)).Select(_ => Any(random, isLarge: made % 200 == 0)).ToArray();
            await storage.AppendAsync(new AppendRequest([new StreamWrite($"s-{random.Next(20)}-ü", ExpectedVersion.Any, batch)]));
            made += batch.Length;
        }

        await using var store = new EventStore(new SqliteEventStorage(path), new EventTypes());
        await store.ErasePayloadsAsync([2, 3, 100], "a reason", "somebody");
        await store.ErasePayloadsAsync([5], "another", "somebody");
    }

    private static NewEvent Any(Random random, bool isLarge)
    {
        var data = random.Next(6) switch
        {
            0 => [],
            1 => Encoding.UTF8.GetBytes("{\"t\":\"" + AnyText(random) + "\"}"),
            2 => Bytes(random, random.Next(300)),
            3 when isLarge => Encoding.UTF8.GetBytes($"\"{new string('x', (1024 * 1024) - 2)}\""),
            _ => Encoding.UTF8.GetBytes($$"""{"n":{{random.Next()}}.10, "a" : [ 1,2 ]}"""),
        };
        return new NewEvent(Guid.CreateVersion7(), random.Next(2) == 0 ? "plain" : "type-ü😀", data)
        {
            Tags = random.Next(3) == 0 ? ["a", "tag-ß"] : [],
            Metadata = random.Next(2) == 0 ? """{"correlationId":"c","user":"ü\n"}"""u8.ToArray() : default,
        };
    }

    private static byte[] Bytes(Random random, int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static string AnyText(Random random)
    {
        var runes = Enumerable.Range(0, 30).Select(_ => new Rune(random.Next(0x23, 0xD7FF)).ToString());
        return string.Concat(runes.Where(rune => rune is not ("\\" or "\"")));
    }
}
