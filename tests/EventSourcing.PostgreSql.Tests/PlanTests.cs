using System.Globalization;
using EventSourcing.Tests.Postgres;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>
/// Queries use the index that is made for them, on tables that were never analysed as on those that were, and with a plan that is made
/// once for all values.
/// </summary>
public sealed class PlanTests : IDisposable
{
    private readonly OneSchema _schema = new();

    public void Dispose() => _schema.Dispose();

    public static TheoryData<string, string> Queries => new()
    {
        { "one tag", "event_tags_pkey" },
        { "two tags", "event_tags_pkey" },
        { "100 tags", "event_tags_pkey" },
        { "a type", "events_by_type" },
        { "a type of a prefix", "events_by_type" },
        { "a prefix of few streams", "events_by_stream" },
        { "a tag or a type", "events_by_type" },
    };

    [Theory]
    [MemberData(nameof(Queries))]
    public async Task Query_walks_its_index_and_never_the_whole_table(string query, string index)
    {
        await FillAsync();
        foreach (var isAnalysed in (bool[])[false, true])
        {
            if (isAnalysed) _schema.Run("ANALYZE {es}.events; ANALYZE {es}.event_tags; ANALYZE {es}.streams; ANALYZE {es}.event_types");
            foreach (var direction in (ReadDirection[])[ReadDirection.Forwards, ReadDirection.Backwards])
            {
                var plan = await ExplainAsync(Of(query), direction);
                plan.Should().Contain(index).And.NotContain("Seq Scan on events").And.NotContain("Seq Scan on event_tags", "{0}, {1}", query, direction);
                if (query.EndsWith("tags", StringComparison.Ordinal))
                    plan.Should().NotContain("Join", "the planner would think about their order, of 100 for minutes")
                        .And.NotContain("Nested Loop");
            }
        }
    }

    private static EventQuery Of(string query) => query switch
    {
        "one tag" => EventQuery.WithTags("tag-7"),
        "two tags" => EventQuery.WithTags("hot", "tag-7"),
        "100 tags" => EventQuery.WithTags([.. Enumerable.Range(0, 100).Select(n => $"tag-{n}")]),
        "a type" => EventQuery.OfTypes("type-1"),
        "a type of a prefix" => EventQuery.Any(new EventQueryItem(["type-1"], streamPrefix: "stream-1")),
        "a prefix of few streams" => EventQuery.InStreams("stream-77"),
        _ => EventQuery.Any(new EventQueryItem(tags: ["tag-7"]), new EventQueryItem(["type-1"])),
    };

    private async Task FillAsync()
    {
        await using (var storage = _schema.Open())
        {
            await storage.AppendAsync(Some.Append("stream-0", 0, Some.Event("type-0"), Some.Event("type-1")));
        }

        _schema.Run("""
            INSERT INTO {es}.streams SELECT n + 2, 'stream-' || n FROM generate_series(1, 1000) n;
            INSERT INTO {es}.events SELECT n + 2, 3 + (n - 1) % 1000, 1 + (n - 1) / 1000, 0, gen_random_uuid(), 1 + n % 2, decode(repeat('00', 16), 'hex'), '{}', NULL, NULL FROM generate_series(1, 20000) n;
            INSERT INTO {es}.event_tags SELECT 'tag-' || n % 2000, n, 1 + n % 2 FROM generate_series(3, 20002) n;
            INSERT INTO {es}.event_tags SELECT 'hot', n, 1 + n % 2 FROM generate_series(3, 20002, 5) n
            """);
    }

    /// <summary>The plan of the positions of a query, made without knowing the values.</summary>
    private async Task<string> ExplainAsync(EventQuery query, ReadDirection direction)
    {
        await using var connection = new NpgsqlConnection(PostgresServer.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        var filter = await FilterSql.PlanAsync(connection, new SchemaSql(_schema.Name), query, direction, 0, CancellationToken.None);
        filter.Positions.Should().NotBeNull();
        var bound = filter.Bind(new NpgsqlBatchCommand());
        string[] values = ["0", "20002", "10", .. bound.Parameters.Select(parameter => Literal(parameter.Value!))];
        await using (var prepare = new NpgsqlCommand($"SET plan_cache_mode = force_generic_plan; PREPARE p AS {filter.Positions}", connection)) await prepare.ExecuteNonQueryAsync();
        await using var explain = new NpgsqlCommand($"EXPLAIN (COSTS OFF) EXECUTE p({string.Join(", ", values)})", connection);
        await using var reader = await explain.ExecuteReaderAsync();
        var lines = new List<string>();
        while (await reader.ReadAsync()) lines.Add(reader.GetString(0));
        return string.Join('\n', lines);
    }

    private static string Literal(object value) => value is string[] texts
        ? $"ARRAY[{string.Join(", ", texts.Select(Literal))}]"
        : string.Create(CultureInfo.InvariantCulture, $"'{value}'");
}
