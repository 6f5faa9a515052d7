using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace EventSourcing.Tests.Aggregates;

/// <summary>A stored snapshot, taken apart and put together by hand: the format as it stands in the database.</summary>
internal sealed record SnapshotFile(JsonObject Header, string State)
{
    public static async Task<byte[]?> FindAsync(EventStore store, string id, string category = "wallet") =>
        (await store.Storage.ReadModels.LoadAsync($"$snapshots-{category}", [$"{category}-{id}"]))[0];

    public static Task PutAsync(EventStore store, string id, byte[] document) => store.Storage.ReadModels.CommitAsync(new ReadModelCommit
    {
        Creates = [new ReadModelDefinition("$snapshots-wallet", [])],
        Changes = [new DocumentChange("$snapshots-wallet", $"wallet-{id}", document)],
    }).AsTask();

    public static SnapshotFile Parse(byte[] document)
    {
        var lines = Encoding.UTF8.GetString(document).Split('\n', 3);
        return new SnapshotFile(JsonNode.Parse(lines[1])!.AsObject(), lines[2]);
    }

    /// <summary>With the right checksum, whatever was changed.</summary>
    public byte[] ToBytes()
    {
        var content = Encoding.UTF8.GetBytes($"{Header.ToJsonString()}\n{State}");
        return [.. Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 16))), (byte)'\n', .. content];
    }

    public SnapshotFile With(string member, JsonNode? value)
    {
        var header = Header.DeepClone().AsObject();
        header[member] = value;
        return this with { Header = header };
    }
}
