using System.Text;
using EventSourcing.Tests.Postgres;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>The views by which people and tools see read models: a rebuilt read model takes the place of the old one under them.</summary>
public sealed class ViewTests : IDisposable
{
    private static readonly FieldDefinition City = new("city", FieldKind.Text);
    private static readonly FieldDefinition Total = new("total", FieldKind.WholeNumber);
    private readonly OneSchema _schema = new();
    private readonly string _role = "es_report_" + Guid.NewGuid().ToString("N")[..12];
    private readonly string _other = "es_reader_" + Guid.NewGuid().ToString("N")[..12];

    public ViewTests()
    {
        if (PostgresServer.Obstacle is null) PostgresServer.Run($"CREATE ROLE {_role} LOGIN; CREATE ROLE {_other} LOGIN");
    }

    private string View => $"\"{_schema.Name}\".read_model_orders";

    public void Dispose()
    {
        _schema.Dispose();
        PostgresServer.Run($"DROP OWNED BY {_role}, {_other}; DROP ROLE {_role}, {_other}");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Put_a_rebuilt_read_model_in_place_keeps_rights_and_views_upon_its_view(bool hasMore)
    {
        await using var storage = _schema.Open();
        await CommitAsync(storage, "orders@1", [City], "old");
        PostgresServer.Run($"GRANT SELECT ON {View} TO {_role}; CREATE VIEW \"{_schema.Name}\".mine AS SELECT key, city FROM {View}");

        await CommitAsync(storage, "orders@2", hasMore ? [City, Total] : [City], "new", drop: "orders@1");

        (await ReadAsRoleAsync($"SELECT key FROM {View}")).Should().Be("new");
        _schema.Run("SELECT key FROM {es}.mine").Should().Be("new");
        _schema.Run("SELECT string_agg(alias || ' ' || view_name, ',') FROM {es}.read_model_aliases").Should()
            .Be("orders read_model_orders");
        CountOf("relname LIKE 'documents_%' AND relkind = 'r'").Should().Be(1, "the table of the old one is gone");
        if (hasMore) _schema.Run("SELECT total FROM {es}.read_model_orders").Should().Be(DBNull.Value);
    }

    [Fact]
    public async Task Put_a_rebuilt_read_model_in_place_by_another_role_makes_the_view_that_roles_own()
    {
        await using var storage = _schema.Open();
        await CommitAsync(storage, "orders@1", [City], "old");
        PostgresServer.Run($"ALTER VIEW {View} OWNER TO {_role}");

        await CommitAsync(storage, "orders@2", [City], "new", drop: "orders@1");

        _schema.Run("SELECT key FROM {es}.read_model_orders").Should().Be("new", "a view reads its table with the rights of its owner");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Put_a_rebuilt_read_model_in_place_by_another_role_keeps_the_right_to_read_of_the_role_before_and_what_that_granted(
        bool hasOther)
    {
        await using var storage = _schema.Open();
        await CommitAsync(storage, "orders@1", [City, Total], "old");
        PostgresServer.Run($"""
            ALTER VIEW {View} OWNER TO {_role};
            GRANT USAGE, CREATE ON SCHEMA "{_schema.Name}" TO {_role};
            BEGIN;
            SET LOCAL ROLE {_role};
            GRANT SELECT ON {View} TO {_other};
            COMMIT
            """);

        await CommitAsync(storage, "orders@2", hasOther ? [Total] : [City, Total], "new", drop: "orders@1");

        foreach (var role in (string[])[_role, _other])
        {
            (await ReadAsAsync(role, $"SELECT key FROM {View}")).Should().Be("new");
            _schema.Run($"SELECT has_table_privilege('{role}', '{View}', 'INSERT, UPDATE, DELETE, TRUNCATE')").Should().Be(false);
        }

        _schema.Run($"SELECT pg_get_userbyid(relowner) = current_user FROM pg_class WHERE oid = '{View}'::regclass").Should().Be(true);
    }

    [Fact]
    public async Task Put_a_rebuilt_read_model_in_place_keeps_views_upon_its_view_that_the_role_before_has()
    {
        await using var storage = _schema.Open();
        await CommitAsync(storage, "orders@1", [City], "old");
        PostgresServer.Run($"""
            ALTER VIEW {View} OWNER TO {_role};
            GRANT USAGE, CREATE ON SCHEMA "{_schema.Name}" TO {_role};
            BEGIN;
            SET LOCAL ROLE {_role};
            CREATE VIEW "{_schema.Name}".mine AS SELECT key FROM {View};
            COMMIT
            """);

        await CommitAsync(storage, "orders@2", [City], "new", drop: "orders@1");

        (await ReadAsRoleAsync($"SELECT key FROM \"{_schema.Name}\".mine")).Should().Be("new");
    }

    [Fact]
    public async Task Put_a_rebuilt_read_model_in_place_gives_the_role_before_no_right_that_was_taken_from_it()
    {
        await using var storage = _schema.Open();
        await CommitAsync(storage, "orders@1", [City], "old");
        PostgresServer.Run($"ALTER VIEW {View} OWNER TO {_role}; REVOKE ALL ON {View} FROM {_role}");

        await CommitAsync(storage, "orders@2", [City], "new", drop: "orders@1");

        _schema.Run($"SELECT has_table_privilege('{_role}', '{View}', 'SELECT')").Should().Be(false);
    }

    [Fact]
    public async Task Put_a_read_model_with_other_fields_in_place_makes_the_view_anew_and_gives_the_rights_again()
    {
        await using var storage = _schema.Open();
        await CommitAsync(storage, "orders@1", [City, Total], "old");
        PostgresServer.Run($"GRANT SELECT ON {View} TO {_role} WITH GRANT OPTION; GRANT SELECT, REFERENCES ON {View} TO PUBLIC");

        await CommitAsync(storage, "orders@2", [Total], "new", drop: "orders@1");

        (await ReadAsRoleAsync($"SELECT key FROM {View}")).Should().Be("new");
        _schema.Run($"SELECT has_table_privilege('{_role}', '{View}', 'SELECT WITH GRANT OPTION')").Should().Be(true);
        _schema.Run($"SELECT has_table_privilege('{_role}', '{View}', 'REFERENCES')").Should().Be(true);
        _schema.Run($"SELECT has_table_privilege('{_role}', '{View}', 'INSERT')").Should().Be(false);
        FluentActions.Invoking(() => _schema.Run("SELECT city FROM {es}.read_model_orders")).Should().Throw<PostgresException>();
    }

    [Fact]
    public async Task Move_an_alias_to_a_read_model_that_is_made_anew_under_its_name_keeps_the_rights()
    {
        await using var storage = _schema.Open();
        await CommitAsync(storage, "orders@1", [City], "old");
        PostgresServer.Run($"GRANT SELECT ON {View} TO {_role}");

        await CommitAsync(storage, "orders@1", [City], "new", drop: "orders@1");

        (await ReadAsRoleAsync($"SELECT key FROM {View}")).Should().Be("new");
    }

    [Fact]
    public async Task Drop_a_read_model_without_another_in_its_place_drops_its_view()
    {
        await using var storage = _schema.Open();
        await CommitAsync(storage, "orders@1", [City], "old");

        await storage.ReadModels.CommitAsync(new ReadModelCommit { Drops = ["orders@1"] });

        CountOf("relname IN ('read_model_orders', 'documents_1')").Should().Be(0);
        _schema.Run("SELECT count(*)::int FROM {es}.read_model_aliases").Should().Be(0);
    }

    private object? CountOf(string which) =>
        _schema.Run($"SELECT count(*)::int FROM pg_class WHERE relnamespace = '{{es}}'::regnamespace AND {which}");

    private static ValueTask CommitAsync(
        IEventStorage storage, string model, IReadOnlyList<FieldDefinition> fields, string key, string? drop = null) =>
        storage.ReadModels.CommitAsync(new ReadModelCommit
        {
            Drops = drop is null ? [] : [drop],
            Creates = [new ReadModelDefinition(model, fields)],
            Aliases = [new ReadModelAlias("orders", model)],
            Changes = [new DocumentChange(model, key, Encoding.UTF8.GetBytes("{}")) { Fields = new FieldValue[fields.Count] }],
        });

    private Task<object?> ReadAsRoleAsync(string sql) => ReadAsAsync(_role, sql);

    private async Task<object?> ReadAsAsync(string role, string sql)
    {
        PostgresServer.Run($"GRANT USAGE ON SCHEMA \"{_schema.Name}\" TO {role}");
        await using var source = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString) { Username = role, Password = null, Pooling = false });
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }
}
