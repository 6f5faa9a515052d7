using System.Text;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Samples.Tests;

public sealed class ShopTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Play_a_day_twice_by_one_seed_ends_with_the_same_report()
    {
        var first = await ShopProcess.RunAsync(_folder, "--customers", "200", "--seed", "7");
        var second = await ShopProcess.RunAsync(_folder, "--customers", "200", "--seed", "7");
        var other = await ShopProcess.RunAsync(_folder, "--customers", "200", "--seed", "8");

        first.ExitCode.Should().Be(0, first.Output + first.Error);
        first.Error.Should().BeEmpty();
        first.Report.Should().Contain("All ").And.Contain(" sums agree");
        second.Report.Should().Be(first.Report);
        other.Report.Should().NotBe(first.Report);
        first.Output.Where(c => char.IsControl(c) && c is not ('\n' or '\r')).Should().BeEmpty("its output is piped");
        Directory.EnumerateFileSystemEntries(_folder.Temporary).Should().BeEmpty();
        Directory.EnumerateFiles(_folder.Path).Should().BeEmpty("nobody asked for the database to be kept");
    }

    [Fact]
    public async Task Play_a_day_has_conflicts_and_failures_of_which_nothing_is_left_in_the_sums()
    {
        var run = await ShopProcess.RunAsync(_folder, "--customers", "400");

        run["customers"].Models.Should().Be(run["e-mail addresses"].Models);
        run["value of orders"].Models.Should().Be(run["revenue"].Models);
        run.Output.Should().NotContain(" 0 registrations", "families race for one address")
            .And.NotContain(" 0 carts", "many race for a few items")
            .And.NotContain(" 0 times the payment provider", "it fails at times");
    }

    [Fact]
    public async Task Rebuild_under_load_proves_every_read_model_equal()
    {
        var day = await ShopProcess.RunAsync(_folder, "--customers", "200");
        var rebuild = await ShopProcess.RunAsync(_folder, "rebuild", "--customers", "200");

        rebuild.ExitCode.Should().Be(0, rebuild.Output + rebuild.Error);
        rebuild.Output.Split("byte for byte the same").Should().HaveCount(1 + (2 * 5), "five read models are proved in two ways");
        rebuild.Report.Should().Be(day.Report);
    }

    [Fact]
    public async Task Kill_the_projections_over_and_over_changes_no_sum()
    {
        var day = await ShopProcess.RunAsync(_folder, "--customers", "200");
        var chaos = await ShopProcess.RunAsync(_folder, "chaos", "--kills", "3", "--customers", "200");

        chaos.ExitCode.Should().Be(0, chaos.Output + chaos.Error);
        chaos.Output.Should().Contain("kill   3 after").And.Contain("the process of the projections and the order process was killed 3 times");
        chaos.Report.Should().Be(day.Report);
        Directory.EnumerateFileSystemEntries(_folder.Temporary).Should().BeEmpty();
    }

    [Fact]
    public async Task Watch_live_with_piped_output_prints_lines_and_ends_by_itself()
    {
        var run = await ShopProcess.RunAsync(_folder, "live", "--seconds", "2", "--customers", "200");

        run.ExitCode.Should().Be(0, run.Output + run.Error);
        run.Output.Should().Contain(" orders/s").And.Contain(" sums agree");
        run.Output.Where(c => char.IsControl(c) && c is not ('\n' or '\r')).Should().BeEmpty("its output is piped");
    }

    [Fact]
    public async Task Check_a_kept_shop_again_gives_its_report_again()
    {
        var day = await ShopProcess.RunAsync(_folder, "--customers", "100", "--db", "shop.db");
        var again = await ShopProcess.RunAsync(_folder, "report", "--db", "shop.db");

        day.Output.Should().Contain("kept in shop.db");
        again.ExitCode.Should().Be(0, again.Output + again.Error);
        again.Output.TrimEnd().Should().EndWith(day.Report.TrimEnd());
    }

    [Fact]
    public async Task Tamper_with_a_table_fails_the_report()
    {
        await ShopProcess.RunAsync(_folder, "--customers", "100", "--db", "shop.db");
        await using (var connection = new SqliteConnection($"Data Source={_folder.File("shop.db")};Pooling=False"))
        {
            await connection.OpenAsync();
            await using var command = connection.CreateCommand();
            command.CommandText = "UPDATE revenue_per_minute SET captured_cents = captured_cents + 1 WHERE minute = (SELECT min(minute) FROM revenue_per_minute)";
            (await command.ExecuteNonQueryAsync()).Should().Be(1);
        }

        var report = await ShopProcess.RunAsync(_folder, "report", "--db", "shop.db");

        report.ExitCode.Should().Be(1);
        report.Output.Should().Contain("DIFFERS").And.Contain("does not add up: captured").And.Contain("does not add up: revenue at 2026-11-27").And.NotContain("sums agree");
    }

    [Fact]
    public async Task Tamper_with_a_document_fails_the_report()
    {
        await ShopProcess.RunAsync(_folder, "--customers", "100", "--db", "shop.db");
        await using (var storage = new SqliteEventStorage(_folder.File("shop.db")))
        {
            var sold = (await storage.ReadModels.LoadAsync("BestSellers", ["P01"]))[0]!;
            var more = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(sold).Replace("\"units\":", "\"units\":1", StringComparison.Ordinal));
            await storage.ReadModels.CommitAsync(new ReadModelCommit { Changes = [new DocumentChange("BestSellers@1", "P01", more) { Fields = [new FieldValue(1L)] }] });
        }

        var report = await ShopProcess.RunAsync(_folder, "report", "--db", "shop.db");

        report.ExitCode.Should().Be(1);
        report.Output.Should().Contain("does not add up: units sold").And.Contain("does not add up: P01 received, sold, for, left");
    }

    [Fact]
    public async Task Begin_a_day_in_a_shop_that_is_open_is_refused()
    {
        await ShopProcess.RunAsync(_folder, "--customers", "20", "--db", "shop.db");

        var run = await ShopProcess.RunAsync(_folder, "--customers", "20", "--db", "shop.db");

        run.ExitCode.Should().Be(2);
        run.Error.Should().StartWith("error: There is a shop in 'shop.db' already");
    }

    [Theory]
    [InlineData("error: There is no command 'dance'. See --help.", "dance")]
    [InlineData("error: '--colour' is not known. See --help.", "--colour")]
    [InlineData("error: --seed is a whole number from 0 to 2147483647, not 'x'.", "--seed", "x")]
    [InlineData("error: --db needs a value. See --help.", "--db")]
    [InlineData("error: report needs --db PATH.", "report")]
    [InlineData("error: There is no database 'nowhere.db'. A run keeps its database only if it is given --db PATH.", "report", "--db", "nowhere.db")]
    public async Task Ask_for_what_cannot_be_done_says_why(string error, params string[] arguments)
    {
        var run = await ShopProcess.RunAsync(_folder, arguments);

        run.ExitCode.Should().Be(2);
        run.Error.TrimEnd().Should().Be(error);
    }

    [Fact]
    public async Task Ask_for_help_prints_usage()
    {
        var run = await ShopProcess.RunAsync(_folder, "--help");

        run.ExitCode.Should().Be(0);
        run.Output.Should().Contain("Usage:").And.ContainAll("live", "rebuild", "chaos", "report").And.NotContain("projections --db");
    }
}
