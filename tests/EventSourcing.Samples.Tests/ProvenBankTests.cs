using System.Diagnostics;
using System.Globalization;

namespace EventSourcing.Samples.Tests;

/// <summary>The bank and the tool that signs, verifies and proves its log. What the tool does by itself its own tests show.</summary>
public sealed class ProvenBankTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [ShellFact]
    public async Task Paste_the_story_of_the_readme_into_a_shell_prints_what_the_readme_says()
    {
        var story = new ReadmeStory();

        var output = await story.PlayAsync(_folder);

        story.Outputs.Should().HaveCountGreaterThan(4);
        story.Missing(output).Should().BeEmpty("all else was printed: {0}", output);
    }

    [Fact]
    public async Task Import_with_a_key_signs_as_it_goes_and_at_its_end()
    {
        await ImportAsync(0);
        await SignAsync();

        var import = await RunAsync("import", _folder.Write("many.csv", new GeneratedBank(seed: 7, accounts: 5, days: 90, linesPerDay: 60).Csv));

        import.ExitCode.Should().Be(0, import.Error);
        var verify = await EvsAsync("verify", "bank.db");
        verify.ExitCode.Should().Be(0, verify.Output + verify.Error);
        verify["events"].Should().Be(import["signed up to"]);
        verify["pinned"].Should().Be("events up to position " + import["signed up to"]);
        int.Parse(verify["compared with"].Split(' ')[0], CultureInfo.InvariantCulture).Should().BeGreaterThan(2, "there is the first, the last, and at least one between them");
    }

    [Fact]
    public async Task Ask_a_bank_of_which_an_older_copy_was_restored_is_refused()
    {
        await ImportAsync(300);
        await SignAsync();
        File.Copy(_folder.File("bank.db"), _folder.File("half.db"));
        (await ImportAsync(600))["signed up to"].Should().Be("603");
        File.Copy(_folder.File("half.db"), _folder.File("bank.db"), overwrite: true);

        foreach (var arguments in new string[][] { ["balance", "10"], ["statement", "10"], ["history", "10"], ["diff", "10", "--from", "1993-01-31"], ["top", "3"], ["totals"], ["totals", "--at", "1993-01-31"], ["import", "bank.csv"] })
        {
            var run = await RunAsync(arguments);
            run.ExitCode.Should().Be(2, string.Join(' ', arguments));
            run.Output.Should().BeEmpty();
            run.ErrorLines.Should().ContainSingle().Which.Should().StartWith("error: The store is not 'bank.example/ledger' as of its checkpoint of 603 events");
        }
    }

    [Fact]
    public async Task Keep_key_and_checkpoints_elsewhere_leaves_none_beside_the_database()
    {
        await ImportAsync(300);
        Directory.CreateDirectory(_folder.File("safe"));
        string[] safe = ["--key", "safe/key", "--checkpoints", "safe/checkpoints"];
        await SignAsync(safe);
        await SignAsync("--key", "other.key", "--checkpoints", "other.checkpoints");

        (await RunAsync(["import", "bank.csv", .. safe]))["signed up to"].Should().Be("303");
        (await RunAsync(["totals", .. safe])).ExitCode.Should().Be(0);

        Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Should().NotContain(name => name!.StartsWith("bank.db.", StringComparison.Ordinal));
        (await RunAsync("totals", "--checkpoints", "safe/checkpoints")).ErrorLines.Should().ContainSingle().Which.Should().StartWith("error: There are checkpoints of the bank, but neither 'bank.db.key'");
        var distrusted = await RunAsync("totals", "--checkpoints", "safe/checkpoints", "--key", "other.key");
        (distrusted.ExitCode, distrusted.Output).Should().Be((2, ""), "another key has signed them");
        distrusted.ErrorLines.Should().ContainSingle().Which.Should().StartWith("error: ").And.Contain("not");
    }

    [Fact]
    public async Task Give_a_pipe_or_a_device_as_a_file_ends_with_one_line()
    {
        if (OperatingSystem.IsWindows()) return;
        await ImportAsync(300);
        using (var made = Process.Start("mkfifo", [_folder.File("pipe")]))
        {
            await made.WaitForExitAsync();
            made.ExitCode.Should().Be(0);
        }

        // Nobody is at the other end of the pipe, and the device has no end.
        foreach (var arguments in new string[][]
        {
            ["import", "bank.csv", "--db", "pipe"], ["import", "/dev/zero"], ["import", "bank.csv", "--key", "/dev/zero"], ["totals", "--checkpoints", "pipe"],
        })
        {
            var run = await RunAsync(arguments);
            run.ExitCode.Should().Be(2, string.Join(' ', arguments));
            run.Output.Should().BeEmpty();
            run.ErrorLines.Should().ContainSingle().Which.Should().StartWith("error: ");
        }
    }

    private async Task<BankingRun> ImportAsync(int lines)
    {
        var csv = Enumerable.Range(1, lines).Select(i => string.Create(CultureInfo.InvariantCulture,
            $"{i},{10 + (i % 3)},1993-{1 + ((i - 1) / 50):00}-{1 + ((i - 1) % 50 / 2):00},credit,cash-deposit,100.00,{100 * ((i + 2) / 3)}.00"));
        var run = await RunAsync("import", _folder.Write("bank.csv", string.Join('\n', [GeneratedBank.Header, .. csv]) + "\n"));
        run.ExitCode.Should().Be(0, run.Error);
        return run;
    }

    /// <summary>Makes a key, and signs the bank as it is.</summary>
    private async Task SignAsync(params string[] where)
    {
        var run = await EvsAsync(["checkpoint", "bank.db", "--new-key", "bank.example/ledger", .. where]);
        run.ExitCode.Should().Be(0, run.Error);
    }

    private Task<BankingRun> RunAsync(params string[] arguments) => BankingProcess.RunAsync(_folder, arguments);

    private Task<BankingRun> EvsAsync(params string[] arguments) => BankingProcess.RunEvsAsync(_folder, arguments);
}
