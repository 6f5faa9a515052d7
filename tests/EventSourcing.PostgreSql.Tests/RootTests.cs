using EventSourcing.Sqlite.Tests;
using System.Security.Cryptography;
using System.Text.Json;
using EventSourcing.Tests.Postgres;
using Npgsql;
using NpgsqlTypes;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>
/// The tree is the same mathematics on every storage: the same events have the same root, and a proof does not say where it was
/// made.
/// </summary>
public sealed class RootTests : IDisposable
{
    private const string Origin = "bank.example/ledger";
    private static readonly EcdsaNoteSigner Signer = new(Origin, ECDsa.Create(ECCurve.NamedCurves.nistP256));
    private readonly OneSchema _schema = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("es-root-").FullName;

    public void Dispose()
    {
        _schema.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Same_events_in_sqlite_and_postgresql_have_one_root_and_their_proofs_verify_on_the_other()
    {
        var file = Path.Combine(_folder, "store.db");
        await using (var sqlite = new SqliteEventStorage(file)) await FillAsync(sqlite);
        await using (var sqlite = new SqliteEventStorage(file)) await CopyAsync(sqlite);
        await using var one = Open(new SqliteEventStorage(file), "one");
        await using var other = Open(_schema.Open(), "other");

        var size = await one.GetHeadAsync();
        (await other.GetHeadAsync()).Should().Be(size);
        (await other.Ledger.CheckpointAsync()).Root.Should().Be((await one.Ledger.CheckpointAsync()).Root);
        var (signedThere, signedHere) = (await one.Ledger.SignCheckpointAsync(), await other.Ledger.SignCheckpointAsync());
        for (var position = 1L; position <= size; position += 41)
        {
            // Under the checkpoint of the other one: it would be refused if the roots were not the same.
            var there = (await one.Ledger.ProveInclusionAsync(position, signedHere)).ToTlogProof().ToString();
            var here = (await other.Ledger.ProveInclusionAsync(position, signedThere)).ToTlogProof().ToString();
            foreach (var proof in (string[])[there, here])
                EventDisclosure.Open(TlogProof.Parse(proof), Origin, Signer.Verifier).Leaf.Position.Should().Be(position);
        }

        await other.Storage.AppendAsync(Some.Append("s-1", ExpectedVersion.Any));
        var grown = await other.Ledger.ProveConsistencyAsync(size, size + 1);
        var before = Checkpoint.Parse(signedThere.Text);
        grown.Verify(before.Root, (await other.Ledger.CheckpointAsync()).Root).Should().BeTrue();
        (await other.Ledger.VerifyAsync(new LedgerVerification { Checkpoints = [before] })).Findings.Should().BeEmpty();
        await Tree.ExpectWholeAsync(other.Storage);
    }

    [Fact]
    public async Task Frontier_is_that_of_the_events_whatever_the_sizes_of_the_appends()
    {
        await using var one = _schema.Open();
        await using var other = _schema.Open();
        var random = new Random(7);
        for (var i = 0; i < 60; i++)
        {
            var events = Enumerable.Range(0, random.Next(1, 40)).Select(_ => Some.Event());
            await (i % 3 == 0 ? one : other).AppendAsync(Some.Append($"s-{i % 5}", ExpectedVersion.Any, [.. events]));
            if (i % 20 == 19) await Tree.ExpectWholeAsync(i % 2 == 0 ? one : other);
        }

        await Tree.ExpectWholeAsync(one);
        await Tree.ExpectWholeAsync(other);
    }

    private static async Task FillAsync(SqliteEventStorage storage)
    {
        for (var i = 0; i < 140; i++)
        {
            await storage.AppendAsync(Some.Append($"s-{i % 11}", ExpectedVersion.Any, [.. Enumerable.Range(0, 1 + (i % 9)).Select(Event)]));
        }

        static NewEvent Event(int n) => Some.Event($"type-{n % 3}", n == 4 ? "" : "{\"ü\":1}", null, n % 2 == 0 ? [] : [$"tag-{n}", "ü"]) with
        {
            Metadata = n % 3 == 0 ? "{\"m\":1}"u8.ToArray() : default,
        };
    }

    private EventStore Open(IEventStorage storage, string sink) => new(storage, new EventTypes(), new EventStoreOptions
    {
        Ledger = new LedgerOptions { Origin = Origin, Signers = [Signer], Sink = new FileCheckpointSink(Path.Combine(_folder, sink)),
            EveryEvents = null, Interval = null },
    });

    /// <summary>Copies all events with their positions, ids, stamps and seals into the tables of the store in PostgreSQL.</summary>
    private async Task CopyAsync(SqliteEventStorage from)
    {
        await using (var empty = _schema.Open()) (await empty.GetHeadAsync()).Should().Be(0);
        await using var source = NpgsqlDataSource.Create(PostgresServer.ConnectionString);
        await using var connection = await source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var streams = new Dictionary<string, long>();
        var types = new Dictionary<string, int>();
        for (var read = new LogRead { WithSeals = true }; ;)
        {
            using var page = await from.ReadLogAsync(read);
            for (var i = 0; i < page.Count; i++)
            {
                var e = page.Events[i];
                if (streams.TryAdd(e.Stream, e.Position))
                    await RunAsync("INSERT INTO {es}.streams (id, name) VALUES ($1, $2)", e.Position, e.Stream);
                if (!types.ContainsKey(e.Type))
                    types[e.Type] = (int)(await RunAsync("INSERT INTO {es}.event_types (name) VALUES ($1) RETURNING id", e.Type))!;
                await RunAsync(
                    "INSERT INTO {es}.events (position, stream, version, recorded, id, type, seal, data, metadata, tags) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                    e.Position, streams[e.Stream], e.Version, e.RecordedAt.UtcTicks, e.Id, types[e.Type], e.Seal.ToArray(), e.Data.ToArray(),
                    e.Metadata.Length > 0 ? e.Metadata.ToArray() : DBNull.Value,
                    e.Tags.Count > 0 ? JsonSerializer.Serialize(e.Tags) : DBNull.Value);
                foreach (var tag in e.Tags)
                    await RunAsync("INSERT INTO {es}.event_tags (tag, position, type) VALUES ($1, $2, $3)", tag, e.Position, types[e.Type]);
            }

            if (page.IsEnd) break;
            read = read with { After = page.Next };
        }

        await transaction.CommitAsync();

        async Task<object?> RunAsync(string sql, params object[] values)
        {
            await using var command = new NpgsqlCommand(sql.Replace("{es}", $"\"{_schema.Name}\"", StringComparison.Ordinal), connection,
                transaction);
            for (var i = 0; i < values.Length; i++)
            {
                var parameter = new NpgsqlParameter { Value = values[i] };
                if (values[i] is DBNull) parameter.NpgsqlDbType = i == 8 ? NpgsqlDbType.Bytea : NpgsqlDbType.Text;
                command.Parameters.Add(parameter);
            }

            return await command.ExecuteScalarAsync();
        }
    }
}
