using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>A store that is marked as moved, as other processes see it that have it open.</summary>
public sealed class MovedStoreTests
{
    [Fact]
    public async Task Mark_as_moved_holds_for_a_storage_that_was_open_before_and_for_every_client()
    {
        using var schema = new OneSchema();
        await using var marks = schema.Open();
        await using var writes = schema.Open();
        await writes.AppendAsync(Some.Append("a", 0));
        await writes.AppendAsync(Some.Append("a", 1));
        (await marks.SetMovedToAsync(@"it's \there", 2)).Should().BeTrue();

        var refused = await FluentActions.Awaiting(() => writes.AppendAsync(Some.Append("a", 2)).AsTask()).Should().ThrowAsync<StoreMovedException>();

        refused.Which.MovedTo.Should().Be(@"it's \there");
        FluentActions.Invoking(() => schema.Run("INSERT INTO {es}.events SELECT position + 1 FROM {es}.events"))
            .Should().Throw<PostgresException>().Which.SqlState.Should().Be("ES004");
        (await marks.SetMovedToAsync(null, 2)).Should().BeTrue();
        await writes.AppendAsync(Some.Append("a", 2));
        (await marks.GetHeadAsync()).Should().Be(3);
    }

    [Fact]
    public async Task Another_trigger_of_that_name_is_found()
    {
        using var schema = new OneSchema();
        await using var storage = schema.Open();
        await storage.AppendAsync(Some.Append("a", 0));
        schema.Run("""
            CREATE FUNCTION {es}.swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
            CREATE TRIGGER store_moved BEFORE INSERT ON {es}.events FOR EACH ROW EXECUTE FUNCTION {es}.swallow()
            """);

        (await storage.Ledger.AuditStructureAsync(isWhole: false)).Should().Contain(finding =>
            finding.Kind == LedgerFindingKind.SchemaChanged && finding.Description.Contains("store_moved"));
    }

    [Fact]
    public async Task Group_of_appends_at_a_store_that_has_moved_gives_each_its_own_result()
    {
        using var schema = new OneSchema();
        await using var storage = schema.Open();
        var repeated = Some.Append("a", 0);
        await storage.AppendAsync(repeated);
        await storage.SetMovedToAsync("there", 1);

        for (var round = 0; round < 5; round++)
        {
            var appends = Enumerable.Range(0, 12).Select(i => storage.AppendAsync((i % 3) switch
            {
                0 => repeated,
                1 => Some.Append("a", 7),
                _ => Some.Append($"new-{i}", ExpectedVersion.Any),
            }).AsTask()).ToList();
            for (var i = 0; i < appends.Count; i++)
            {
                var append = appends[i];
                if (i % 3 == 0) (await append).WasAlreadyStored.Should().BeTrue();
                else if (i % 3 == 1) await FluentActions.Awaiting(() => append).Should().ThrowAsync<WrongExpectedVersionException>();
                else await FluentActions.Awaiting(() => append).Should().ThrowAsync<StoreMovedException>();
            }
        }

        (await storage.GetHeadAsync()).Should().Be(1);
    }
}
