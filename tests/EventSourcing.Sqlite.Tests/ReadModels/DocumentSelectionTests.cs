using Microsoft.Data.Sqlite;
using static EventSourcing.Sqlite.Tests.ReadModels.SomeReadModel;

namespace EventSourcing.Sqlite.Tests.ReadModels;

/// <summary>Queries of documents: by which index they go, and that the answers are those of the plainest storage.</summary>
public sealed class DocumentSelectionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, DocumentQuery, string[]> Plans => new()
    {
        { "by key", new(), ["SCAN documents_1 USING INDEX sqlite_autoindex_documents_1_1"] },
        { "by key, next page", new() { After = new(default, "k") }, ["SEARCH documents_1 USING INDEX sqlite_autoindex_documents_1_1 (key>?)"] },
        { "by key backwards, next page", new() { After = new(default, "k"), Descending = true }, ["SEARCH documents_1 USING INDEX sqlite_autoindex_documents_1_1 (key<?)"] },
        { "equal", new() { Conditions = [Is("city", FieldComparison.Equal, "Bonn")] }, ["SEARCH documents_1 USING INDEX documents_1_by_city (city=?)"] },
        { "equal, next page", new() { Conditions = [Is("city", FieldComparison.Equal, "Bonn")], After = new(default, "k") }, ["SEARCH documents_1 USING INDEX documents_1_by_city (city=? AND key>?)"] },
        { "missing", new() { Conditions = [new("city", FieldComparison.Equal, default)] }, ["SEARCH documents_1 USING INDEX documents_1_by_city (city=?)"] },
        { "equal, ordered by the same", new() { Conditions = [Is("city", FieldComparison.Equal, "Bonn")], OrderBy = "city", After = new(new("Bonn"), "k") }, ["SEARCH documents_1 USING INDEX documents_1_by_city (city=? AND key>?)"] },
        { "ordered", new() { OrderBy = "total" }, ["SCAN documents_1 USING INDEX documents_1_by_total"] },
        { "ordered backwards", new() { OrderBy = "total", Descending = true }, ["SCAN documents_1 USING INDEX documents_1_by_total"] },
        { "range", new() { OrderBy = "total", Conditions = [new("total", FieldComparison.AtLeast, new(1.0)), new("total", FieldComparison.Below, new(9.0))] }, ["SEARCH documents_1 USING INDEX documents_1_by_total (total>? AND total<?)"] },
        { "ordered, next page", new() { OrderBy = "total", After = new(new(2.0), "k") }, ["SEARCH documents_1 USING INDEX documents_1_by_total ((total,key)>(?,?))"] },
        { "ordered backwards, next page", new() { OrderBy = "total", Descending = true, After = new(new(2.0), "k") }, ["SEARCH documents_1 USING INDEX documents_1_by_total ((total,key)<(?,?))", "SEARCH documents_1 USING INDEX documents_1_by_total (total=?)"] },
        { "ordered, next page of the missing", new() { OrderBy = "items", After = new(default, "k") }, ["SEARCH documents_1 USING INDEX documents_1_by_items (items=? AND key>?)", "SEARCH documents_1 USING INDEX documents_1_by_items (items>?)"] },
        { "ordered backwards, next page of the missing", new() { OrderBy = "items", Descending = true, After = new(default, "k") }, ["SEARCH documents_1 USING INDEX documents_1_by_items (items=? AND key<?)"] },
        { "range, next page", new() { OrderBy = "total", Conditions = [new("total", FieldComparison.AtLeast, new(1.0)), new("total", FieldComparison.Below, new(9.0))], After = new(new(2.0), "k") }, ["SEARCH documents_1 USING INDEX documents_1_by_total ((total,key)>(?,?) AND total<?)"] },
        { "range backwards, next page", new() { OrderBy = "total", Descending = true, Conditions = [new("total", FieldComparison.Above, new(1.0)), new("total", FieldComparison.Below, new(9.0))], After = new(new(2.0), "k") }, ["SEARCH documents_1 USING INDEX documents_1_by_total (total>? AND (total,key)<(?,?))"] },
    };

    [Theory]
    [MemberData(nameof(Plans))]
    public async Task Query_goes_by_an_index(string title, DocumentQuery query, string[] plan)
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.ReadModels.CommitAsync(new() { Creates = [Orders], Changes = [.. Enumerable.Range(0, 300).Select(i => Order($"k{i}", $"city {i % 7}", i % 5 == 0 ? null : i, i % 3 == 0 ? null : i))] });
        var statements = await storage.ReadAsync(0, (database, _) => DocumentSelection.Of(DocumentCatalog.Find(database, Orders.Name)!, query, Orders.Name).Sql.ToList(), default);
        using var connection = Some.ForeignConnection(_folder.Store);
        statements.SelectMany(sql => PlanOf(connection, sql)).Should().Equal(plan, "of {0}", title);
    }

    [Fact]
    public async Task Query_of_any_shape_answers_as_the_storage_in_memory()
    {
        var random = new Random(20);
        await using var sqlite = new SqliteEventStorage(_folder.Store);
        await using var memory = new InMemoryEventStorage();
        var documents = Enumerable.Range(0, 200).Select(i => Order($"k{random.Next(1000)}-{i}", RandomCity(), RandomTotal(), RandomItems(), $"{{\"i\":{i}}}")).ToList();
        foreach (var storage in (IEventStorage[])[sqlite, memory]) await storage.ReadModels.CommitAsync(new() { Creates = [Orders], Changes = documents });
        for (var i = 0; i < 1500; i++)
        {
            var query = RandomQuery();
            for (var page = 0; page < 4; page++)
            {
                var expected = await memory.ReadModels.QueryAsync(Orders.Name, query);
                var actual = await sqlite.ReadModels.QueryAsync(Orders.Name, query);
                actual.Select(d => (d.Key, d.OrderedBy, Text(d))).Should().Equal(expected.Select(d => (d.Key, d.OrderedBy, Text(d))), "of {0}", query);
                (await sqlite.ReadModels.CountAsync(Orders.Name, query.Conditions)).Should().Be(await memory.ReadModels.CountAsync(Orders.Name, query.Conditions));
                if (expected.Count == 0) break;
                query = query with { After = new(expected[^1].OrderedBy, expected[^1].Key) };
            }
        }

        DocumentQuery RandomQuery()
        {
            var order = random.Next(4) switch { 0 => "city", 1 => "TOTAL", 2 => "items", _ => null };
            var value = order switch { "city" => Field(RandomCity()), "TOTAL" => Field(RandomTotal()), "items" => Field(RandomItems()), _ => default };
            return new()
            {
                OrderBy = order,
                Descending = random.Next(2) == 0,
                Limit = random.Next(1, 60),
                After = random.Next(2) == 0 ? null : new(value, $"k{random.Next(1000)}"),
                Conditions = [.. Enumerable.Range(0, random.Next(4)).Select(_ => RandomCondition())],
            };
        }

        FieldCondition RandomCondition()
        {
            var (field, value) = random.Next(3) switch { 0 => ("city", Field(RandomCity())), 1 => ("total", Field(RandomTotal())), _ => ("items", Field(RandomItems())) };
            return new(field, value.Kind is null ? FieldComparison.Equal : (FieldComparison)random.Next(1, 6), value);
        }

        string? RandomCity() => random.Next(6) switch { 0 => null, 1 => "", 2 => "Köln", 3 => "\uFFFD", 4 => "🙂", _ => "köln" };
        double? RandomTotal() => random.Next(8) switch { 0 or 1 => null, 2 => double.NegativeInfinity, 3 => double.PositiveInfinity, 4 => -0.0, 5 => 1e300, _ => random.Next(5) / 2.0 };
        long? RandomItems() => random.Next(7) switch { 0 or 1 => null, 2 => long.MinValue, 3 => long.MaxValue, _ => random.Next(6) };
        static FieldValue Field(object? value) => value switch { string text => new(text), double number => new(number), long whole => new(whole), _ => default };
        static string Text(StoredDocument document) => System.Text.Encoding.UTF8.GetString(document.Data.Span);
    }

    [Fact]
    public async Task Query_that_does_not_fit_says_so_and_keeps_its_connection()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.ReadModels.CommitAsync(new() { Creates = [Orders], Aliases = [new("orders", Orders.Name)] });
        var unknown = () => storage.ReadModels.QueryAsync("orders", new() { OrderBy = "colour" }).AsTask();
        (await unknown.Should().ThrowAsync<UnknownFieldException>()).Which.Model.Should().Be("orders");
        var unfit = () => storage.ReadModels.CountAsync("orders", [Is("total", FieldComparison.Equal, "x")]).AsTask();
        await unfit.Should().ThrowAsync<ArgumentException>();
    }

    private static FieldCondition Is(string field, FieldComparison comparison, string text) => new(field, comparison, new(text));

    private static List<string> PlanOf(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "EXPLAIN QUERY PLAN " + sql;
        for (var i = 1; sql.Contains($"?{i}", StringComparison.Ordinal); i++) command.Parameters.AddWithValue($"?{i}", 1);
        using var reader = command.ExecuteReader();
        var plan = new List<string>();
        while (reader.Read()) plan.Add(reader.GetString(3).Replace("SCAN TABLE", "SCAN", StringComparison.Ordinal).Replace("SEARCH TABLE", "SEARCH", StringComparison.Ordinal));
        return plan;
    }
}
