using System.Globalization;
using System.Text;

namespace EventSourcing.Samples.Tests;

public sealed class ImportAgainTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Import_again_adds_nothing()
    {
        var bank = new GeneratedBank(seed: 7, accounts: 40, days: 120, linesPerDay: 10);
        var file = _folder.Write("bank.csv", bank.Csv);
        await ImportAsync(file, "bank.db");
        var before = await LogAsync("bank.db");

        var again = await ImportAsync(file, "bank.db");

        again.ExitCode.Should().Be(0);
        again["imported"].Should().Be("0");
        again["adjustments"].Should().Be("0");
        again["already present"].Should().Be(Text(bank.Lines.Count));
        (await LogAsync("bank.db")).Should().Equal(before);
    }

    [Fact]
    public async Task Import_of_a_longer_file_adds_what_is_missing()
    {
        var bank = new GeneratedBank(seed: 8, accounts: 40, days: 60, linesPerDay: 10);
        var lines = bank.Csv.Split('\n');
        await ImportAsync(_folder.Write("half.csv", string.Join('\n', lines[..(lines.Length / 2)])), "bank.db");

        var whole = await ImportAsync(_folder.Write("whole.csv", bank.Csv), "bank.db");

        whole.ExitCode.Should().Be(0);
        whole["already present"].Should().Be(Text((lines.Length / 2) - 1));
        (int.Parse(whole["imported"], CultureInfo.InvariantCulture) + (lines.Length / 2) - 1).Should().Be(bank.Lines.Count);
        (await BankingProcess.RunAsync(_folder, "totals"))["total balance"].Should().Be(bank.Totals(bank.LastDay)[^1]);
    }

    [Fact]
    public async Task Import_killed_and_run_again_ends_in_the_same_log_as_one_left_alone()
    {
        var bank = new GeneratedBank(seed: 9, accounts: 300, days: 500, linesPerDay: 50);
        var file = _folder.Write("bank.csv", bank.Csv);

        using (var import = BankingProcess.Start(_folder, "import", file, "--db", "killed.db"))
        {
            // The first progress is reported once a tenth of the file is stored; most of it is then still to come.
            (await import.StandardOutput.ReadLineAsync()).Should().StartWith(" 10 %");
            import.Kill();
            await import.WaitForExitAsync();
            import.ExitCode.Should().NotBe(0);
        }

        var resumed = await ImportAsync(file, "killed.db");
        var alone = await ImportAsync(file, "alone.db");

        resumed.ExitCode.Should().Be(0);
        int.Parse(resumed["already present"], CultureInfo.InvariantCulture).Should().BePositive();
        int.Parse(resumed["imported"], CultureInfo.InvariantCulture).Should().BePositive("the kill came before the end");
        alone["imported"].Should().Be(Text(bank.Lines.Count));
        (await LogAsync("killed.db")).Should().Equal(await LogAsync("alone.db"));
        foreach (var question in new string[][] { ["totals"], ["top", "1000"] })
        {
            var killed = await BankingProcess.RunAsync(_folder, [.. question, "--db", "killed.db"]);
            killed.Output.Should().Be((await BankingProcess.RunAsync(_folder, [.. question, "--db", "alone.db"])).Output);
        }
    }

    [Fact]
    public async Task Import_interrupted_says_so_and_run_again_adds_the_rest()
    {
        if (OperatingSystem.IsWindows()) return; // where one process cannot press another's Ctrl-C
        var bank = new GeneratedBank(seed: 12, accounts: 300, days: 500, linesPerDay: 50);
        var file = _folder.Write("bank.csv", bank.Csv);

        using var import = BankingProcess.Start(_folder, "import", file, "--db", "bank.db");
        (await import.StandardOutput.ReadLineAsync()).Should().StartWith(" 10 %");
        using (var kill = System.Diagnostics.Process.Start("kill", ["-INT", Text(import.Id)])) await kill.WaitForExitAsync();
        var output = await import.StandardOutput.ReadToEndAsync();
        await import.WaitForExitAsync();

        import.ExitCode.Should().Be(130);
        output.Should().Contain("Interrupted. What was imported is stored; run the import again to add the rest.");
        var stored = new BankingRun(130, output, "")["imported"];
        var resumed = await ImportAsync(file, "bank.db");
        resumed.ExitCode.Should().Be(0);
        resumed["already present"].Should().Be(stored);
        (await BankingProcess.RunAsync(_folder, "totals"))["total balance"].Should().Be(bank.Totals(bank.LastDay)[^1]);
    }

    [Fact]
    public async Task Import_by_two_processes_at_once_ends_in_the_same_log_as_by_one()
    {
        var bank = new GeneratedBank(seed: 10, accounts: 60, days: 150, linesPerDay: 12);
        var file = _folder.Write("bank.csv", bank.Csv);

        var both = await Task.WhenAll(ImportAsync(file, "both.db"), ImportAsync(file, "both.db"));

        both.Should().OnlyContain(import => import.ExitCode == 0);
        both.Sum(import => int.Parse(import["imported"], CultureInfo.InvariantCulture)).Should().Be(bank.Lines.Count);
        await ImportAsync(file, "one.db");
        (await LogAsync("both.db")).Should().Equal(await LogAsync("one.db"));
    }

    [Fact]
    public async Task Import_records_every_event_at_the_start_of_its_day()
    {
        var bank = new GeneratedBank(seed: 11, accounts: 10, days: 40, linesPerDay: 6);
        await ImportAsync(_folder.Write("bank.csv", bank.Csv), "bank.db");
        var days = bank.Lines.ToDictionary(line => line.TransactionId, line => line.Date);

        await using var store = Open("bank.db");
        var events = await store.ReadLogAsync(new LogReadOptions { UnknownEvents = UnknownEvents.AsRaw }).ToListAsync();

        events.Where(e => e.Type != "account-opened").Should().OnlyContain(e =>
            e.RecordedAt == new DateTimeOffset(days[Json(e).GetProperty("transactionId").GetInt32()].ToDateTime(TimeOnly.MinValue), TimeSpan.Zero));
    }

    private Task<BankingRun> ImportAsync(string file, string database) => BankingProcess.RunAsync(_folder, "import", file, "--db", database);

    private EventStore Open(string database) => new(new SqliteEventStorage(_folder.File(database)), new EventTypes());

    /// <summary>Every event, with all of it that an import decides.</summary>
    private async Task<List<string>> LogAsync(string database)
    {
        await using var store = Open(database);
        return await store.ReadLogAsync(new LogReadOptions { UnknownEvents = UnknownEvents.AsRaw })
            .Select(e => string.Create(CultureInfo.InvariantCulture, $"{e.Position} {e.Stream} {e.Version} {e.Type} {e.RecordedAt:O} {Encoding.UTF8.GetString(((UnknownEvent)e.Data).Json.Span)}"))
            .ToListAsync();
    }

    private static System.Text.Json.JsonElement Json(RecordedEvent e) => System.Text.Json.JsonElement.Parse(((UnknownEvent)e.Data).Json.Span);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
