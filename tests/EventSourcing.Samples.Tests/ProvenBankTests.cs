using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;

namespace EventSourcing.Samples.Tests;

public sealed class ProvenBankTests : IDisposable
{
    private const int Edited = 450;
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
    public async Task Sign_the_first_checkpoint_makes_a_key_that_only_its_owner_reads()
    {
        await ImportAsync(300);

        var run = await RunAsync("checkpoint");

        run.ExitCode.Should().Be(0, run.Error);
        run.Output.Should().StartWith("bank.example/ledger\n303\n");
        run.Error.Should().Contain(await File.ReadAllTextAsync(_folder.File("bank.db.key.pub")));
        if (!OperatingSystem.IsWindows()) File.GetUnixFileMode(_folder.File("bank.db.key")).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var key = await File.ReadAllTextAsync(_folder.File("bank.db.key"));
        var again = await RunAsync("checkpoint");
        again.Output.Should().Be(run.Output, "the log has not grown");
        again.Error.Should().BeEmpty();
        (await File.ReadAllTextAsync(_folder.File("bank.db.key"))).Should().Be(key);
    }

    [Fact]
    public async Task Sign_without_the_key_of_before_makes_no_other()
    {
        await ImportAsync(300);
        await RunAsync("checkpoint");
        var known = await File.ReadAllTextAsync(_folder.File("bank.db.key.pub"));
        File.Delete(_folder.File("bank.db.key"));

        var run = await RunAsync("checkpoint");

        run.ExitCode.Should().Be(2);
        run.ErrorLines.Should().ContainSingle().Which.Should().StartWith("error: There are checkpoints in 'bank.db.checkpoints', but not the key 'bank.db.key'");
        File.Exists(_folder.File("bank.db.key")).Should().BeFalse();
        (await File.ReadAllTextAsync(_folder.File("bank.db.key.pub"))).Should().Be(known);
        (await RunAsync("verify"))["result"].Should().Be("sound", "the public part is enough for that");
        (await RunAsync("totals")).ExitCode.Should().Be(0);
    }

    [Fact]
    public async Task Verify_against_a_checkpoint_that_another_key_has_signed_could_not_run()
    {
        await ImportAsync(300);
        await RunAsync("checkpoint");
        await RunAsync("checkpoint", "--key", "other.key", "--checkpoints", "other.checkpoints");

        foreach (var command in new[] { "verify", "totals" })
        {
            var run = await RunAsync(command, "--key", "other.key");
            run.ExitCode.Should().Be(2);
            run.Output.Should().BeEmpty();
            run.ErrorLines.Should().ContainSingle().Which.Should().StartWith("error: ").And.Contain("not");
        }
    }

    [Fact]
    public async Task Import_with_a_key_signs_all_it_has_stored()
    {
        await SignedBankAsync();

        var run = await RunAsync("verify");

        run.ExitCode.Should().Be(0, run.Output);
        run["events"].Should().Be("603");
        run["compared with"].Should().Be("2 checkpoints in 'bank.db.checkpoints', the newest of 603 events");
        run["pinned"].Should().Be("events up to position 603");
        run["result"].Should().Be("sound");
        (await RunAsync("verify", "--from-checkpoint"))["result"].Should().Be("sound");
    }

    [Fact]
    public async Task Import_of_many_events_with_a_key_signs_as_it_goes()
    {
        await ImportAsync(0);
        await RunAsync("checkpoint");
        await RunAsync("import", _folder.Write("many.csv", new GeneratedBank(seed: 7, accounts: 5, days: 90, linesPerDay: 60).Csv));

        var run = await RunAsync("verify");

        run.ExitCode.Should().Be(0, run.Output);
        int.Parse(run["compared with"].Split(' ')[0], CultureInfo.InvariantCulture).Should().BeGreaterThan(2, "there is the first, the last, and at least one between them");
    }

    [Fact]
    public async Task Verify_without_a_checkpoint_says_that_nothing_is_pinned()
    {
        await ImportAsync(300);

        var run = await RunAsync("verify");

        run.ExitCode.Should().Be(0);
        run["compared with"].Should().StartWith("no checkpoint: there is none in 'bank.db.checkpoints'.");
        run["pinned"].Should().Be("no event");
        File.Exists(_folder.File("bank.db.key")).Should().BeFalse();
        (await RunAsync("verify", "--from-checkpoint")).ExitCode.Should().Be(2);
        (await RunAsync("verify", "--db", "none.db")).Error.Should().Contain("There is no database 'none.db'.");
        File.Exists(_folder.File("none.db")).Should().BeFalse();
    }

    [Fact]
    public async Task Verify_after_an_edit_names_its_position()
    {
        await SignedBankAsync();
        await EditAsync();

        var run = await RunAsync("verify");

        run.ExitCode.Should().Be(1);
        run.Output.Should().Contain($"position {Edited}  account-").And.Contain("EventChanged");
        run["result"].Should().EndWith($"the first at position {Edited}");
        (await RunAsync("prove", Edited.ToString(CultureInfo.InvariantCulture))).ExitCode.Should().Be(2, "there is no proof of what was not appended");
    }

    [Fact]
    public async Task Verify_after_a_cover_up_says_between_which_checkpoints_it_was()
    {
        await SignedBankAsync();
        await EditAsync();
        (await RunAsync("cover-up")).ExitCode.Should().Be(0);

        var alone = await RunAsync("verify", "--checkpoints", "none");
        var run = await RunAsync("verify");
        var asked = await RunAsync("balance", "10");

        alone.ExitCode.Should().Be(0, "the file agrees with itself");
        run.ExitCode.Should().Be(1);
        run.Lines.Should().ContainSingle(line => line.StartsWith("position", StringComparison.Ordinal)).Which.Should().StartWith("positions 304-603  -  CheckpointMismatch");
        asked.ExitCode.Should().Be(2);
        asked.Output.Should().BeEmpty();
        asked.ErrorLines.Should().ContainSingle().Which.Should().StartWith("error: The store is not 'bank.example/ledger' as of its checkpoint of 603 events");
    }

    [Fact]
    public async Task Ask_a_bank_of_which_an_older_copy_was_restored_is_refused()
    {
        await SignedBankAsync();
        File.Copy(_folder.File("half.db"), _folder.File("bank.db"), overwrite: true);

        foreach (var arguments in new string[][] { ["balance", "10"], ["statement", "10"], ["history", "10"], ["diff", "10", "--from", "1993-01-31"], ["top", "3"], ["totals"], ["totals", "--at", "1993-01-31"], ["import", "bank.csv"], ["checkpoint"], ["prove", "1"] })
        {
            var run = await RunAsync(arguments);
            run.ExitCode.Should().Be(2, string.Join(' ', arguments));
            run.Output.Should().BeEmpty();
            run.ErrorLines.Should().ContainSingle().Which.Should().StartWith("error: The store is not 'bank.example/ledger' as of its checkpoint of 603 events");
        }

        var verified = await RunAsync("verify");
        verified.ExitCode.Should().Be(1);
        verified.Output.Should().Contain("positions 304-603  -  Truncated");
    }

    [Fact]
    public async Task Keep_key_and_checkpoints_elsewhere_leaves_none_beside_the_database()
    {
        await ImportAsync(300);
        Directory.CreateDirectory(_folder.File("safe"));
        string[] safe = ["--key", "safe/key", "--checkpoints", "safe/checkpoints"];

        (await RunAsync(["checkpoint", .. safe])).ExitCode.Should().Be(0);

        Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Should().NotContain(name => name!.StartsWith("bank.db.", StringComparison.Ordinal));
        (await RunAsync(["verify", .. safe]))["pinned"].Should().Be("events up to position 303");
        (await RunAsync(["totals", .. safe])).ExitCode.Should().Be(0);
        (await RunAsync("totals", "--checkpoints", "safe/checkpoints")).ErrorLines.Should().ContainSingle().Which.Should().StartWith("error: There are checkpoints of the bank, but neither 'bank.db.key'");
    }

    [Fact]
    public async Task Check_a_proof_needs_the_public_key_alone()
    {
        await SignedBankAsync();
        (await RunAsync("prove", "7", "--out", "7.tlog-proof")).ExitCode.Should().Be(0);
        var key = (await File.ReadAllTextAsync(_folder.File("bank.db.key.pub"))).Trim();
        foreach (var file in Directory.GetFiles(_folder.Path, "*.db*")) File.Delete(file);

        var run = await RunAsync("check", "7.tlog-proof", "--key", key);

        run.ExitCode.Should().Be(0, run.Output + run.Error);
        run["position"].Should().Be("7");
        run["data"].Should().Contain("\"amount\":100.00");
        run["under"].Should().StartWith("the checkpoint of 603 events of bank.example/ledger");
        Directory.GetFiles(_folder.Path, "*.db*").Should().BeEmpty();
    }

    [Fact]
    public async Task Prove_an_event_by_its_id_is_the_proof_by_its_position()
    {
        await SignedBankAsync();
        var byPosition = await RunAsync("prove", "7");
        await File.WriteAllTextAsync(_folder.File("7.tlog-proof"), byPosition.Output);
        var id = (await RunAsync("check", "7.tlog-proof", "--key", "bank.db.key.pub"))["id"];

        (await RunAsync("prove", id)).Output.Should().Be(byPosition.Output);
    }

    [Fact]
    public async Task Check_what_is_no_proof_of_the_bank_is_not_proven()
    {
        await SignedBankAsync();
        var proof = (await RunAsync("prove", "7")).Output;
        var lines = proof.Split('\n');
        (lines[3], lines[4]) = (lines[4], lines[3]);
        _folder.Write("swapped", string.Join('\n', lines));
        _folder.Write("text", "some text");
        _folder.Write("good", proof);
        await RunAsync("checkpoint", "--key", "other.key", "--checkpoints", "other.checkpoints");

        foreach (var (file, key) in new[] { ("swapped", "bank.db.key.pub"), ("text", "bank.db.key.pub"), ("good", "other.key.pub") })
        {
            var run = await RunAsync("check", file, "--key", key);
            run.ExitCode.Should().Be(1, file);
            run.Lines.Should().ContainSingle().Which.Should().StartWith("NOT PROVEN: ");
        }

        (await RunAsync("check", "none", "--key", "bank.db.key.pub")).ExitCode.Should().Be(2);
        (await RunAsync("check", "good", "--key", "no key")).ExitCode.Should().Be(2);
    }

    [Fact]
    public async Task Give_a_pipe_or_a_device_as_a_file_ends_with_one_line()
    {
        if (OperatingSystem.IsWindows()) return;
        await SignedBankAsync();
        await File.WriteAllTextAsync(_folder.File("good"), (await RunAsync("prove", "7")).Output);
        using (var made = Process.Start("mkfifo", [_folder.File("pipe")]))
        {
            await made.WaitForExitAsync();
            made.ExitCode.Should().Be(0);
        }

        // Nobody is at the other end of the pipe, and the device has no end.
        foreach (var arguments in new string[][]
        {
            ["import", "bank.csv", "--db", "pipe"], ["verify", "--db", "pipe"], ["verify", "--checkpoints", "pipe"], ["checkpoint", "--checkpoints", "pipe"],
            ["totals", "--checkpoints", "pipe"], ["import", "/dev/zero"], ["checkpoint", "--key", "/dev/zero"], ["check", "good", "--key", "/dev/zero"],
        })
        {
            var run = await RunAsync(arguments);
            run.ExitCode.Should().Be(2, string.Join(' ', arguments));
            run.Output.Should().BeEmpty();
            run.ErrorLines.Should().ContainSingle().Which.Should().StartWith("error: ");
        }

        (await RunAsync("check", "/dev/zero", "--key", "bank.db.key.pub")).Lines.Should().ContainSingle().Which.Should().StartWith("NOT PROVEN: ");
        (await RunAsync("verify"))["events"].Should().Be("603");
    }

    [Theory]
    [InlineData("0", "There is no event at position 0; the log has 303.")]
    [InlineData("304", "There is no event at position 304; the log has 303.")]
    [InlineData("ann", "'ann' is neither a position nor an event's id.")]
    [InlineData("0198a0f0-0000-7000-8000-000000000000", "No event has the id 0198a0f0-0000-7000-8000-000000000000.")]
    [InlineData("1", "No checkpoint covers position 1 yet.")]
    public async Task Prove_what_cannot_be_proven_is_one_line_of_error(string which, string expected)
    {
        await ImportAsync(300);

        var run = await RunAsync("prove", which);

        run.ExitCode.Should().Be(2);
        run.Output.Should().BeEmpty();
        run.ErrorLines.Should().ContainSingle().Which.Should().StartWith("error: " + expected);
    }

    /// <summary>A bank of a year, with a checkpoint and a copy of when it was half over.</summary>
    private async Task SignedBankAsync()
    {
        await ImportAsync(300);
        (await RunAsync("checkpoint")).ExitCode.Should().Be(0);
        File.Copy(_folder.File("bank.db"), _folder.File("half.db"));
        (await ImportAsync(600))["signed up to"].Should().Be("603");
    }

    private async Task<BankingRun> ImportAsync(int lines)
    {
        var csv = Enumerable.Range(1, lines).Select(i => string.Create(CultureInfo.InvariantCulture,
            $"{i},{10 + (i % 3)},1993-{1 + ((i - 1) / 50):00}-{1 + ((i - 1) % 50 / 2):00},credit,cash-deposit,100.00,{100 * ((i + 2) / 3)}.00"));
        var run = await RunAsync("import", _folder.Write("bank.csv", string.Join('\n', [GeneratedBank.Header, .. csv]) + "\n"));
        run.ExitCode.Should().Be(0, run.Error);
        return run;
    }

    /// <summary>Edits an amount with the statements that the README has.</summary>
    private async Task EditAsync()
    {
        await using var connection = new SqliteConnection($"Data Source={_folder.File("bank.db")};Pooling=False");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT sql FROM sqlite_schema WHERE name = 'events_refuse_update'";
        var trigger = (string)(await command.ExecuteScalarAsync())!;
        command.CommandText = $"DROP TRIGGER events_refuse_update; UPDATE events SET data = CAST(replace(data, '100.00', '900.00') AS BLOB) WHERE position = {Edited}";
        (await command.ExecuteNonQueryAsync()).Should().Be(1);
        command.CommandText = trigger;
        await command.ExecuteNonQueryAsync();
    }

    private Task<BankingRun> RunAsync(params string[] arguments) => BankingProcess.RunAsync(_folder, arguments);
}
