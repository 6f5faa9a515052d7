using EventSourcing.Tests.Postgres;

namespace EventSourcing.Samples.Tests;

/// <summary>The samples on PostgreSQL: only --db differs.</summary>
public sealed class PostgresTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Lazy<PostgresInstance> _server = new(() => PostgresInstance.Start(PostgresBinaries.Find(out _)!, isDurable: true));

    public void Dispose()
    {
        if (_server.IsValueCreated) _server.Value.Dispose();
        _folder.Dispose();
    }

    [OwnServerFact]
    public async Task Shop_in_postgresql_ends_with_the_same_report_as_in_a_file()
    {
        var database = _server.Value.ConnectionString() + ";Password=secret-word";
        var inFile = await ShopProcess.RunAsync(_folder, "--customers", "150");

        var day = await ShopProcess.RunAsync(_folder, "--customers", "150", "--db", database);
        var again = await ShopProcess.RunAsync(_folder, "--customers", "150", "--db", database);
        var report = await ShopProcess.RunAsync(_folder, "report", "--db", database);

        day.ExitCode.Should().Be(0, day.Output + day.Error);
        day.Report.Should().Be(inFile.Report);
        (report.ExitCode, report.Error).Should().Be((0, ""));
        again.ExitCode.Should().Be(2, "there is a shop already");
        (day.Output + again.Output + again.Error + report.Output).Should().NotContain("secret-word");
        Directory.EnumerateFiles(_folder.Path).Should().BeEmpty();
    }

    [OwnServerFact]
    public async Task Chaos_and_rebuild_in_postgresql_change_no_sum()
    {
        var inFile = await ShopProcess.RunAsync(_folder, "--customers", "100");

        var chaos = await ShopProcess.RunAsync(_folder, "chaos", "--kills", "2", "--customers", "100", "--db",
            _server.Value.ConnectionString());
        await RunAsync("DROP SCHEMA shop CASCADE");
        var rebuild = await ShopProcess.RunAsync(_folder, "rebuild", "--customers", "100", "--db", _server.Value.ConnectionString());

        (chaos.ExitCode, rebuild.ExitCode).Should().Be((0, 0), chaos.Output + chaos.Error + rebuild.Output + rebuild.Error);
        chaos.Report.Should().Be(inFile.Report);
        rebuild.Report.Should().Be(inFile.Report);
    }

    [OwnServerFact]
    public async Task Bank_in_postgresql_imports_answers_and_proves_like_the_one_in_a_file()
    {
        var file = _folder.Write("bank.csv", new GeneratedBank(seed: 5, accounts: 20, days: 30, linesPerDay: 20).Csv);
        var database = _server.Value.ConnectionString();
        foreach (var arguments in (string[][])[["import", file], ["import", file], ["totals"], ["top", "5"]])
        {
            var here = await BankingProcess.RunAsync(_folder, [.. arguments, "--db", database]);
            var there = await BankingProcess.RunAsync(_folder, [.. arguments, "--db", "file.db"]);
            here.ExitCode.Should().Be(0, here.Output + here.Error);
            there.ExitCode.Should().Be(0, there.Output + there.Error);
            if (arguments[0] is "totals" or "top") here.Output.Should().Be(there.Output);
        }

        var store = database + ";Schema=bank";
        var signed = await BankingProcess.RunEvsAsync(
            _folder, "checkpoint", store, "--new-key", "bank.example/ledger", "--key", "bank.key", "--checkpoints", "bank.checkpoints");
        signed.ExitCode.Should().Be(0, signed.Error);
        var import = await BankingProcess.RunAsync(_folder, "import", file, "--db", database);
        var verify = await BankingProcess.RunEvsAsync(_folder, "verify", store, "--key", "bank.key.pub", "--checkpoints", "bank.checkpoints");
        verify.ExitCode.Should().Be(0, verify.Output + verify.Error);
        verify["pinned"].Should().Be("events up to position " + import["signed up to"]);
    }

    private async Task RunAsync(string sql)
    {
        await using var connection = new Npgsql.NpgsqlConnection(_server.Value.ConnectionString());
        await connection.OpenAsync();
        await using var command = new Npgsql.NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
