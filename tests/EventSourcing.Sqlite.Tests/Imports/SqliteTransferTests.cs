using System.Text;

namespace EventSourcing.Sqlite.Tests.Imports;

/// <summary>What is special about a transfer from and to a file.</summary>
public sealed class SqliteTransferTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Transfer_from_a_file_opened_read_only_leaves_its_bytes_as_they_are()
    {
        await FillAsync(700);
        var before = await File.ReadAllBytesAsync(_folder.Store);
        await using (var source = new SqliteEventStorage(_folder.Store, new SqliteEventStorageOptions { ReadOnly = true }))
        await using (var target = new SqliteEventStorage(_folder.FileNamed("copy.db")))
        {
            (await source.TransferToAsync(target)).Position.Should().Be(700);
        }

        (await File.ReadAllBytesAsync(_folder.Store)).Should().Equal(before);
        await using var copy = new EventStore(new SqliteEventStorage(_folder.FileNamed("copy.db")), new EventTypes());
        (await copy.Ledger.VerifyAsync(new LedgerVerification())).IsSound.Should().BeTrue();
    }

    [Fact]
    public async Task Transfer_to_a_file_opened_read_only_is_refused()
    {
        await FillAsync(3);
        await using var source = new SqliteEventStorage(_folder.Store);
        await FillAsync(1, "other.db");
        await using var target = new SqliteEventStorage(_folder.FileNamed("other.db"), new SqliteEventStorageOptions { ReadOnly = true });
        var transfer = () => source.TransferToAsync(target);
        await transfer.Should().ThrowAsync<StoreReadOnlyException>();
        var import = async () => await target.ImportAsync(new ImportRequest([Event("a")]));
        await import.Should().ThrowAsync<StoreReadOnlyException>();
        (await target.GetHeadAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Transfer_an_event_that_was_changed_in_the_file_is_refused_and_leaves_out_its_batch()
    {
        await FillAsync(700);
        using (var foreign = Some.ForeignConnection(_folder.Store))
            foreign.RunPast("events_refuse_update", "UPDATE events SET data = x'7b7d20' WHERE position = 300");

        await using var source = new SqliteEventStorage(_folder.Store, new SqliteEventStorageOptions { ReadOnly = true });
        await using var target = new InMemoryEventStorage(new EventStorageOptions { Limits = new EventStorageLimits { MaxEventsPerAppend = 256 } });
        var transfer = () => source.TransferToAsync(target);
        (await transfer.Should().ThrowAsync<StoreCorruptedException>()).WithMessage("*257 to 512*leaves*");
        (await target.GetHeadAsync()).Should().Be(256);
    }

    [Fact]
    public async Task Import_a_record_of_an_erasure_leaves_no_copy_of_the_payload_in_any_file()
    {
        const string Secret = "a secret of 24 characters";
        await using var source = new InMemoryEventStorage();
        await source.AppendAsync(Some.Append("s-1", ExpectedVersion.Any, Some.Event(data: $"\"{Secret}\""), Some.Event()));
        await using (var target = new SqliteEventStorage(_folder.Store))
        {
            await source.TransferToAsync(target);
            var record = new NewEvent(Guid.NewGuid(), PayloadsErased.TypeName, new PayloadsErased([1], "asked for", null).ToBytes());
            await source.AppendAsync(new AppendRequest([new StreamWrite(PayloadsErased.StreamName, ExpectedVersion.Any, [record])]) { Erase = [1] });
            (await source.TransferToAsync(target)).Position.Should().Be(3);
            foreach (var file in Directory.GetFiles(Path.GetDirectoryName(_folder.Store)!))
                (await ReadSharedAsync(file)).AsSpan().IndexOf(Encoding.UTF8.GetBytes(Secret)).Should().Be(-1, file);
        }

        (await File.ReadAllBytesAsync(_folder.Store)).AsSpan().IndexOf(Encoding.UTF8.GetBytes(Secret)).Should().Be(-1);
    }

    private static async Task<byte[]> ReadSharedAsync(string file)
    {
        // A copy made by another process: opening the file here would drop SQLite's locks.
        var copy = file + ".seen";
        await SystemCommand.RunAsync("cp", file, copy);
        var bytes = await File.ReadAllBytesAsync(copy);
        File.Delete(copy);
        return bytes;
    }

    private async Task FillAsync(int events, string file = "store.db")
    {
        await using var storage = new SqliteEventStorage(file == "store.db" ? _folder.Store : _folder.FileNamed(file));
        for (var i = 0; i < events; i += 100)
            await storage.AppendAsync(Some.Append($"s-{i % 300}", ExpectedVersion.Any, [.. Enumerable.Range(0, Math.Min(100, events - i)).Select(_ => Some.Event())]));
    }

    private static StoredEvent Event(string stream) => new()
    {
        Position = 0,
        Stream = stream,
        Version = 0,
        Id = Guid.NewGuid(),
        Type = "imported",
        RecordedAt = DateTimeOffset.UtcNow,
        Data = "{}"u8.ToArray(),
        Tags = [],
    };
}
