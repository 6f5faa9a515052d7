using System.Net;
using System.Text.Json;
using EventSourcing.Explorer.Tests.Bank;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Explorer.Tests.Serving;

/// <summary>If the file of a store was changed by other means, the pages say so, and lead to the event.</summary>
public sealed class FindingsTests : IAsyncLifetime
{
    private SampleBank _bank = null!;
    private TestHost _host = null!;

    public async Task InitializeAsync()
    {
        _bank = await SampleBank.OpenAsync(isOnDisk: true);
        _host = await TestHost.StartAsync(_bank);
    }

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        await _bank.DisposeAsync();
    }

    [Fact]
    public async Task Verify_a_log_with_a_changed_event_names_the_event_and_leads_to_it()
    {
        Change("UPDATE events SET data = CAST(replace(data, '400', '900') AS BLOB) WHERE position = 2");

        (await VerifyAsync()).GetProperty("state").GetString().Should().Be("not sound");

        var page = await SampleHost.OpenAsync(_host.Client, "events/ledger");
        page.QuerySelector("#verification .notice.bad")!.TextContent.Should().Contain("The log is not sound.");
        var rows = page.QuerySelectorAll("#verification tbody tr").ToList();
        var changed = rows.Should().ContainSingle(row => row.TextContent.Contains("EventChanged", StringComparison.Ordinal)).Subject;
        changed.QuerySelector("a[href='event?position=2']").Should().NotBeNull("it leads to the event");
        changed.QuerySelector("a[href='stream?name=account-ann']").Should().NotBeNull("it leads to the stream");
        rows.Should().OnlyContain(row => row.LastElementChild!.TextContent.Length > 10, "each says what was found");
        (await SampleHost.OpenAsync(_host.Client, "events/event?position=2")).QuerySelector("h1")!.TextContent.Should().Be("money-deposited");
    }

    [Fact]
    public async Task Verify_a_log_with_a_changed_event_that_only_a_checkpoint_covers_says_once_in_which_range_it_is()
    {
        Change($"UPDATE events SET data = CAST(replace(data, '125', '925') AS BLOB) WHERE position = {_bank.AnnPaid}");

        (await VerifyAsync()).GetProperty("comparedCheckpoints").GetInt32().Should().Be(1);

        var rows = (await SampleHost.OpenAsync(_host.Client, "events/ledger")).QuerySelectorAll("#verification tbody tr");
        var row = rows.Should().ContainSingle().Subject;
        row.TextContent.Should().Contain("CheckpointMismatch");
        row.QuerySelectorAll("a.pos").Should().HaveCount(2, "it leads to both ends of the range");
    }

    [Fact]
    public async Task Prove_a_changed_event_is_refused_with_the_reason()
    {
        Change("UPDATE events SET data = CAST(replace(data, '400', '900') AS BLOB) WHERE position = 2");

        using var answer = await _host.Client.GetAsync("events/proof?position=2");

        answer.StatusCode.Should().Be(HttpStatusCode.InternalServerError);
        (await answer.Content.ReadAsStringAsync()).Should().Contain("position 2").And.NotContain("c2sp.org/tlog-proof");
    }

    [Fact]
    public async Task Verify_a_log_that_lost_its_end_says_from_where_it_is_missing()
    {
        var head = await _bank.Store.GetHeadAsync();
        Change($"DELETE FROM events WHERE position > {head - 1}");

        var found = await VerifyAsync();

        found.GetProperty("state").GetString().Should().Be("not sound");
        var kinds = found.GetProperty("found").EnumerateArray().Select(one => one.GetProperty("kind").GetString()).ToList();
        kinds.Should().NotBeEmpty();
        (await SampleHost.OpenAsync(_host.Client, "events/ledger")).QuerySelectorAll("#verification tbody tr").Length.Should().Be(kinds.Count);
    }

    [Fact]
    public async Task Ledger_page_reads_the_file_of_checkpoints_again_only_if_it_has_grown()
    {
        var before = await CheckpointsAsync();
        var path = Path.Combine(Path.GetDirectoryName(_bank.File)!, "checkpoints");
        await using (new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.None))
        {
            // Nobody can read the file now.
            (await CheckpointsAsync()).Should().Equal(before);
        }

        await _bank.Store.Ledger.SignCheckpointAsync();

        List<long> expected = [await _bank.Store.GetHeadAsync(), .. before];
        (await CheckpointsAsync()).Should().Equal(expected);

        async Task<List<long>> CheckpointsAsync() =>
            [.. (await SampleHost.JsonAsync(_host.Client, "events/ledger")).GetProperty("checkpoints").EnumerateArray()
                .Select(one => one.GetProperty("size").GetInt64())];
    }

    /// <summary>Changes the file as a person could who has it and knows its triggers: they are dropped, and made again.</summary>
    private void Change(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_bank.File};Pooling=False");
        connection.Open();
        var triggers = new List<(string Name, string Sql)>();
        using (var list = Command("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").ExecuteReader())
        {
            while (list.Read()) triggers.Add((list.GetString(0), list.GetString(1)));
        }

        foreach (var (name, _) in triggers) Command($"DROP TRIGGER {name}").ExecuteNonQuery();
        Command(sql).ExecuteNonQuery().Should().Be(1, sql);
        foreach (var (_, create) in triggers) Command(create).ExecuteNonQuery();

        SqliteCommand Command(string text) => new(text, connection);
    }

    private async Task<JsonElement> VerifyAsync()
    {
        using var form = new FormUrlEncodedContent([new("order", "start")]);
        (await _host.Client.PostAsync("events/verify", form)).StatusCode.Should().Be(HttpStatusCode.SeeOther);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var found = (await SampleHost.JsonAsync(_host.Client, "events/ledger")).GetProperty("verification");
            if (found.GetProperty("state").GetString() != "running") return found;
            await Task.Delay(20, patience.Token);
        }
    }
}
