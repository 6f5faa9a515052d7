using static EventSourcing.Sqlite.Tests.ReadModels.SomeReadModel;

namespace EventSourcing.Sqlite.Tests.ReadModels;

/// <summary>What people and tools see of read models.</summary>
public sealed class AliasViewTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Set_alias_makes_a_view_with_the_document_as_text_and_its_fields()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.ReadModels.CommitAsync(new() { Creates = [Orders], Aliases = [new("orders", Orders.Name)], Changes = [Order("1", "Köln", 2, 3, """{"n":1}""")] });
        using var connection = Some.ForeignConnection(_folder.Store);
        Rows(connection, "SELECT name FROM pragma_table_info('read_model_orders')").Should().Equal("key", "document", "city", "total", "items");
        connection.Run("SELECT key || document || city || total || items || typeof(total) || typeof(items) FROM read_model_orders").Should().Be("""1{"n":1}Köln2.03realinteger""");
    }

    [Fact]
    public async Task Move_alias_moves_its_view_and_dropping_the_read_model_drops_it()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.ReadModels.CommitAsync(new() { Creates = [Orders, Notes], Aliases = [new("a", Orders.Name)], Changes = [Order("o"), Note("n")] });
        (await storage.ReadSql<string>("SELECT key FROM read_model_a")).Should().Be("o");
        await storage.ReadModels.CommitAsync(new() { Aliases = [new("a", Notes.Name)] });
        (await storage.ReadSql<string>("SELECT key FROM read_model_a")).Should().Be("n");
        await storage.ReadModels.CommitAsync(new() { Drops = [Notes.Name] });
        using var connection = Some.ForeignConnection(_folder.Store);
        Rows(connection, "SELECT name FROM sqlite_master WHERE name LIKE 'read_model_a' OR name LIKE 'documents_2%'").Should().BeEmpty();
        (await storage.ReadModels.LoadAsync("a", ["n"])).Should().Equal([null]);
    }

    [Theory]
    [InlineData("quote\"d")]
    [InlineData("it's; DROP TABLE events; --")]
    [InlineData("\"); DROP TABLE events; --")]
    [InlineData("[x] `y` %_? ?1 日本 🙂")]
    public async Task Set_alias_of_any_characters_makes_a_view_of_that_name(string alias)
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.AppendAsync(Some.Append("s", 0));
        var definition = new ReadModelDefinition(alias + "-1", [new("select", FieldKind.Text), new("rowid", FieldKind.WholeNumber)]);
        await storage.ReadModels.CommitAsync(new()
        {
            Creates = [definition],
            Aliases = [new(alias, definition.Name)],
            Changes = [new(definition.Name, alias, new byte[] { 65 }) { Fields = [new FieldValue(alias), new FieldValue(7)] }],
        });
        (await storage.ReadModels.TextOf(alias, alias)).Should().Be("A");
        var query = new DocumentQuery { OrderBy = "select", Conditions = [new("rowid", FieldComparison.Equal, new FieldValue(7)), new("select", FieldComparison.Equal, new FieldValue(alias))] };
        (await storage.ReadModels.QueryAsync(alias, query)).Should().ContainSingle().Which.OrderedBy.Should().Be(new FieldValue(alias));
        (await storage.ReadSql<string>($"SELECT \"select\" FROM \"read_model_{alias.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")).Should().Be(alias);
        await storage.ReadModels.CommitAsync(new() { Drops = [definition.Name] });
        (await storage.CountOf("read_model_aliases")).Should().Be(0);
        (await storage.GetHeadAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Set_aliases_that_sql_takes_for_the_same_gives_each_a_view_of_its_own()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.ReadModels.CommitAsync(ReadModelSql("CREATE TABLE read_model_mine (key TEXT)") with
        {
            Creates = [Orders, Notes],
            Aliases = [new("x", Orders.Name), new("X", Notes.Name)],
            Changes = [Order("o"), Note("n")],
        });
        await storage.ReadModels.CommitAsync(new() { Aliases = [new("mine", Notes.Name)] });
        (await storage.ReadSql<string>("SELECT group_concat(alias || '=' || view_name) FROM (SELECT * FROM read_model_aliases ORDER BY alias)"))
            .Should().Be("X=read_model_X_2,mine=read_model_mine_2,x=read_model_x");
        (await storage.ReadSql<string>("SELECT key FROM read_model_X_2")).Should().Be("n");
        (await storage.ReadSql<string>("SELECT key FROM read_model_x")).Should().Be("o");
        await storage.ReadModels.CommitAsync(new() { Drops = [Notes.Name] });
        (await storage.CountOf("read_model_mine")).Should().Be(0, "an app's own table is not dropped");
        (await storage.ReadSql<string>("SELECT key FROM read_model_x")).Should().Be("o");
    }

    [Fact]
    public async Task Create_read_model_beside_a_table_of_its_tables_name_takes_another()
    {
        await using var storage = new SqliteEventStorage(_folder.Store);
        await storage.ReadModels.CommitAsync(ReadModelSql("CREATE TABLE Documents_1 (x); CREATE INDEX documents_2_by_city ON Documents_1 (x); INSERT INTO Documents_1 VALUES (1)"));
        await storage.ReadModels.CommitAsync(new() { Creates = [Orders], Changes = [Order("o")] });
        await storage.ReadModels.CommitAsync(new() { Drops = [Orders.Name] });
        (await storage.CountOf("documents_1")).Should().Be(1);
    }

    private static ReadModelCommit ReadModelSql(string sql) => Tables(async (connection, token) =>
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(token);
    });
}
