using System.Diagnostics;
using EventSourcing.Sqlite.Tests;

namespace EventSourcing.Tool.Tests;

/// <summary>The commands that sign, verify and prove.</summary>
public sealed class ProveTests : IDisposable
{
    private const string Origin = "shop.example/ledger";
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Key_whose_making_was_killed_is_made_again_or_the_message_says_how()
    {
        await Shop.MakeAsync();
        await File.WriteAllTextAsync("shop.db.key.new", "half a ke");
        (await Run.Piped("checkpoint", "shop.db", "--new-key", Origin)).ExitCode.Should().Be(0);
        _folder.FileNames.Should().NotContain("shop.db.key.new").And.NotContain("shop.db.key.pub.new");

        File.Delete("shop.db.key");
        var publicPart = await File.ReadAllTextAsync("shop.db.key.pub");
        var run = await Run.Piped("checkpoint", "shop.db", "--new-key", Origin);

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain("no key 'shop.db.key'").And.Contain("delete 'shop.db.key.pub'");
        _folder.FileNames.Should().NotContain("shop.db.key");
        (await File.ReadAllTextAsync("shop.db.key.pub")).Should().Be(publicPart);
    }

    [Fact]
    public async Task Sign_the_first_checkpoint_makes_a_key_that_only_its_owner_reads()
    {
        await Shop.MakeAsync();

        var run = await Run.Piped("checkpoint", "shop.db", "--new-key", Origin);

        run.ExitCode.Should().Be(0);
        run.Lines.Should().HaveElementAt(0, Origin).And.HaveElementAt(1, "6");
        run.Error.Should().Contain((await File.ReadAllTextAsync("shop.db.key.pub")).Trim()).And.NotContain("PRIVATE");
        if (!OperatingSystem.IsWindows()) File.GetUnixFileMode("shop.db.key").Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (await Run.Piped("checkpoint", "shop.db")).Output.Should().Be(run.Output, "nothing has been appended since");
        (await Run.Piped("checkpoint", "shop.db", "--new-key", Origin)).Error.Should().Contain("never overwritten");
    }

    [Fact]
    public async Task Sign_without_a_key_or_a_store_makes_neither()
    {
        (await Run.Piped("checkpoint", "shop.db", "--new-key", Origin)).ExitCode.Should().Be(2);
        _folder.FileNames.Should().BeEmpty();
        await Shop.MakeAsync();

        (await Run.Piped("checkpoint", "shop.db")).Error.Should().Contain("There is no key 'shop.db.key'");
        _folder.FileNames.Should().Equal("shop.db");
    }

    [Theory]
    [InlineData("--checkpoints", "shop.db")]
    [InlineData("--checkpoints", "link.db")]
    [InlineData("--checkpoints", "shop.db-wal")]
    [InlineData("--key", "shop.db-wal")]
    [InlineData("--key", "shop.db-journal")]
    public async Task Sign_into_a_file_of_the_store_is_refused_and_makes_nothing(string option, string path)
    {
        if (OperatingSystem.IsWindows()) return;
        await Shop.MakeAsync();
        File.CreateSymbolicLink("link.db", "shop.db");
        var before = await File.ReadAllBytesAsync("shop.db");

        var run = await Run.Piped("checkpoint", "shop.db", "--new-key", Origin, option, path);

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain($"'{path}' is a file of the store itself.");
        (await File.ReadAllBytesAsync("shop.db")).Should().Equal(before);
        _folder.FileNames.Should().Equal("link.db", "shop.db");
    }

    [Fact]
    public async Task Make_a_key_whose_public_part_cannot_be_written_leaves_neither()
    {
        await Shop.MakeAsync();
        Directory.CreateDirectory("shop.db.key.pub");

        (await Run.Piped("checkpoint", "shop.db", "--new-key", Origin)).ExitCode.Should().Be(2);

        _folder.FileNames.Should().Equal("shop.db", "shop.db.key.pub");
        Directory.Delete("shop.db.key.pub");
        (await Run.Piped("checkpoint", "shop.db", "--new-key", Origin)).ExitCode.Should().Be(0);
    }

    [Fact]
    public async Task Verify_a_sound_store_says_what_is_pinned()
    {
        await Shop.MakeAsync();
        (await Run.Piped("verify", "shop.db"))["pinned"].Should().Be("no event");
        (await Run.Piped("verify", "shop.db", "--from-checkpoint")).Error.Should().Contain("There is no checkpoint to start from: there is none in 'shop.db.checkpoints'");
        await Run.Piped("checkpoint", "shop.db", "--new-key", Origin);
        await AppendAsync();

        var run = await Run.Piped("verify", "shop.db");

        run.ExitCode.Should().Be(0);
        run["pinned"].Should().Be("events up to position 6; not the 1 after it");
        run["compared with"].Should().Be("1 checkpoint in 'shop.db.checkpoints', the newest of 6 events");
        run["result"].Should().Be("sound");
        (await Run.Piped("verify", "shop.db", "--from-checkpoint"))["result"].Should().Be("sound");
        var json = (await Run.Piped("verify", "shop.db", "--json")).Json.Should().ContainSingle().Subject;
        json.GetProperty("isSound").GetBoolean().Should().BeTrue();
        json.GetProperty("agreedUpTo").GetInt64().Should().Be(6);
    }

    [Fact]
    public async Task Verify_after_an_edit_names_its_position()
    {
        await Shop.MakeAsync();
        await Run.Piped("checkpoint", "shop.db", "--new-key", Origin);
        Edit("UPDATE events SET data = CAST(replace(data, 'Ann', 'Eve') AS BLOB) WHERE position = 1");

        var run = await Run.Piped("verify", "shop.db");

        run.ExitCode.Should().Be(1);
        run["result"].Should().StartWith("NOT SOUND").And.EndWith("the first at position 1");
        run.Output.Should().Contain("position 1  order-17  EventChanged");
        var json = (await Run.Piped("verify", "shop.db", "--json")).Json;
        json[0].GetProperty("finding").GetString().Should().Be("EventChanged");
        json[^1].GetProperty("isSound").GetBoolean().Should().BeFalse();
        (await Run.Piped("prove", "shop.db", "1")).ExitCode.Should().Be(2, "there is no proof of what was not appended");
    }

    [Fact]
    public async Task Verify_an_older_copy_says_what_is_missing()
    {
        await Shop.MakeAsync();
        await Run.Piped("backup", "shop.db", "old.db");
        await AppendAsync();
        await Run.Piped("checkpoint", "shop.db", "--new-key", Origin);

        var run = await Run.Piped("verify", "old.db", "--checkpoints", "shop.db.checkpoints", "--key", "shop.db.key.pub");

        run.ExitCode.Should().Be(1);
        run.Output.Should().Contain("positions 1-7  -  Truncated");
    }

    [Fact]
    public async Task Verify_against_checkpoints_without_a_key_or_with_another_could_not_run()
    {
        await Shop.MakeAsync();
        await Run.Piped("checkpoint", "shop.db", "--new-key", Origin);
        await Run.Piped("checkpoint", "shop.db", "--new-key", Origin, "--key", "other.key", "--checkpoints", "other.checkpoints");
        File.Move("shop.db.key.pub", "kept.pub");

        (await Run.Piped("verify", "shop.db")).Error.Should().Contain("no public key to tell whether they are true");
        (await Run.Piped("verify", "shop.db", "--key", "other.key.pub")).ExitCode.Should().Be(2);
        (await Run.Piped("verify", "shop.db", "--key", "kept.pub"))["result"].Should().Be("sound");
        (await Run.Piped("verify", "shop.db", "--key", (await File.ReadAllTextAsync("kept.pub")).Trim()))["result"].Should().Be("sound");
    }

    [Fact]
    public async Task Check_a_proof_needs_the_public_key_alone()
    {
        await Shop.MakeAsync();
        (await Run.Piped("prove", "shop.db", "4")).Error.Should().Contain("There is no checkpoint to prove it under: there is none in 'shop.db.checkpoints'");
        await Run.Piped("checkpoint", "shop.db", "--new-key", Origin);
        var byPosition = await Run.Piped("prove", "shop.db", "4");
        (await Run.Piped("prove", "shop.db", Shop.IdAt(4).ToString(), "--out", "4.tlog-proof")).ExitCode.Should().Be(0);
        (await File.ReadAllTextAsync("4.tlog-proof")).Should().Be(byPosition.Output);
        var key = (await File.ReadAllTextAsync("shop.db.key.pub")).Trim();
        File.Delete("shop.db");

        var run = await Run.Piped("check", "4.tlog-proof", "--key", key);

        run.ExitCode.Should().Be(0);
        run["stream"].Should().Be("order-17 version 2");
        run["data"].Should().Be("""{"parcel":"RX-4471"}""");
        (await Run.Piped("check", "4.tlog-proof", "--key", key, "--origin", "other")).ExitCode.Should().Be(1);
        await File.WriteAllTextAsync("bad.tlog-proof", byPosition.Output.Replace("\n", "x\n", StringComparison.Ordinal));
        (await Run.Piped("check", "bad.tlog-proof", "--key", key)).Output.Should().StartWith("NOT PROVEN: ");
        (await Run.Piped("check", "none", "--key", key)).ExitCode.Should().Be(2);
        (await Run.Piped("check", "4.tlog-proof", "--key", "no key")).ExitCode.Should().Be(2);
    }

    [Fact]
    public async Task Give_a_pipe_or_a_device_as_a_file_ends_with_one_line()
    {
        if (OperatingSystem.IsWindows()) return;
        await Shop.MakeAsync();
        await Run.Piped("checkpoint", "shop.db", "--new-key", Origin);
        await Run.Piped("prove", "shop.db", "4", "--out", "4.tlog-proof");
        using (var made = Process.Start("mkfifo", ["pipe"])) await made.WaitForExitAsync();

        // Nobody is at the other end of the pipe, and the device has no end.
        foreach (var arguments in new string[][]
        {
            ["export", "shop.db", "--out", "pipe", "--overwrite"], ["backup", "shop.db", "pipe", "--overwrite"],
            ["verify", "pipe"], ["verify", "shop.db", "--checkpoints", "pipe"], ["checkpoint", "shop.db", "--checkpoints", "pipe"],
            ["checkpoint", "shop.db", "--key", "/dev/zero"], ["check", "4.tlog-proof", "--key", "/dev/zero"],
        })
        {
            var run = await Run.Piped(arguments);
            run.ExitCode.Should().Be(2, string.Join(' ', arguments));
            run.Output.Should().BeEmpty();
            run.Error.Should().StartWith("error: ");
        }

        (await Run.Piped("check", "/dev/zero", "--key", "shop.db.key.pub")).Output.Should().StartWith("NOT PROVEN: ");
    }

    [Fact]
    public async Task Verify_with_checkpoints_that_are_not_there_proves_nothing()
    {
        await Shop.MakeAsync();
        (await Run.Piped("verify", "shop.db")).ExitCode.Should().Be(0, "nobody said that there are checkpoints");

        var run = await Run.Piped("verify", "shop.db", "--checkpoints", "mistyped.checkpoints");

        (run.ExitCode, run.Output).Should().Be((2, ""));
        run.Error.Should().StartWith("error: There is no file 'mistyped.checkpoints'. ");
    }

    [Fact]
    public async Task Name_none_as_checkpoints_verifies_without_and_signs_nothing()
    {
        await Shop.MakeAsync();
        await Run.Piped("checkpoint", "shop.db", "--new-key", Origin);
        var names = _folder.FileNames.ToList();

        (await Run.Piped("verify", "shop.db", "--checkpoints", "none"))["compared with"].Should().StartWith("no checkpoint: none is looked at");
        (await Run.Piped("verify", "shop.db", "--checkpoints", "none", "--from-checkpoint")).Error.Should().Contain("There is no checkpoint to start from");
        (await Run.Piped("prove", "shop.db", "4", "--checkpoints", "none")).Error.Should().Contain("There is no checkpoint to prove it under");
        foreach (var more in (string[][])[[], ["--key", "other.key", "--new-key", Origin]])
        {
            var sign = await Run.Piped(["checkpoint", "shop.db", "--checkpoints", "none", .. more]);
            (sign.ExitCode, sign.Output).Should().Be((2, ""));
            sign.Error.Should().Contain("'none' means that there is none.").And.Contain("Nothing was signed.");
        }

        _folder.FileNames.Should().Equal(names);
        (await Run.Piped("checkpoint", "shop.db", "--checkpoints", "./none")).ExitCode.Should().Be(0);
        (await Run.Piped("verify", "shop.db", "--checkpoints", "./none"))["compared with"].Should().StartWith("1 checkpoint in './none'");
        (await Run.Piped("verify", "shop.db", "--checkpoints", "none"))["compared with"].Should().StartWith("no checkpoint: ");
    }

    [Fact]
    public async Task Backup_and_restore_say_what_was_proven()
    {
        await Shop.MakeAsync();
        var backup = await Run.Piped("backup", "shop.db", "copy.db");
        var root = (await Run.Piped("info", "shop.db"))["root"];
        await AppendAsync();

        backup["root"].Should().Be(root);
        (await Run.Piped("backup", "shop.db", "copy.db")).Error.Should().Be("error: There is a file 'copy.db' already. Say --overwrite to replace it. Nothing was changed.\n");
        (await Run.Piped("restore", "copy.db", "shop.db")).ExitCode.Should().Be(2, "there is a store already");
        (await Run.Piped("restore", "copy.db", "shop.db", "--replace")).Error.Should().Contain("Say --yes");
        (await Run.Piped("info", "shop.db"))["events"].Should().StartWith("7,", "nothing was restored yet");
        var restored = await Run.Piped("restore", "copy.db", "shop.db", "--replace", "--yes");
        restored.ExitCode.Should().Be(0);
        (await Run.Piped("info", "shop.db"))["root"].Should().Be(root);
        (await Run.Piped("info", restored["moved aside"]))["events"].Should().StartWith("7,");
        (await Run.Piped("backup", "shop.db", "shop.db", "--overwrite")).ExitCode.Should().Be(2);
    }

    [Theory]
    [InlineData("shop.db")]
    [InlineData("link.db")]
    [InlineData("linked/shop.db")]
    public async Task Back_up_or_restore_a_store_onto_itself_is_refused_and_changes_nothing(string same)
    {
        if (OperatingSystem.IsWindows()) return;
        await Shop.MakeAsync();
        File.CreateSymbolicLink("link.db", "shop.db");
        Directory.CreateSymbolicLink("linked", ".");
        var (before, names) = (await File.ReadAllBytesAsync("shop.db"), _folder.FileNames.ToList());

        foreach (var arguments in (string[][])
        [
            ["backup", "shop.db", same, "--overwrite"], ["backup", same, "shop.db", "--overwrite"],
            ["restore", "shop.db", same, "--replace", "--yes"], ["restore", same, "shop.db", "--replace", "--yes"],
        ])
            (await Run.Piped(arguments)).ExitCode.Should().Be(2, string.Join(' ', arguments));

        (await File.ReadAllBytesAsync("shop.db")).Should().Equal(before);
        _folder.FileNames.Should().Equal(names);
    }

    [Fact]
    public async Task Restore_into_a_store_in_use_moves_nothing()
    {
        await Shop.MakeAsync();
        await Run.Piped("backup", "shop.db", "copy.db");
        await using var store = new EventStore(new SqliteEventStorage("shop.db"), Shop.Types);
        await store.AppendAsync("order-20", 0, [new OrderPlaced("Dan", 1)]);

        var run = await Run.Piped("restore", "copy.db", "shop.db", "--replace", "--yes");

        run.ExitCode.Should().Be(2);
        run.Error.Should().Contain("was not made").And.Contain("open in this process");
        (await store.GetHeadAsync()).Should().Be(7);
        await store.AppendAsync("order-20", 1, [new OrderShipped("RX-1")]);
    }

    [Fact]
    public async Task Erase_records_who_and_why_and_leaves_the_root()
    {
        await Shop.MakeAsync();
        var root = (await Run.Piped("info", "shop.db"))["root"];
        string[] order = ["erase", "shop.db", "--by", "privacy@shop.example", "--reason", "request 4711"];

        (await Run.Piped(order)).ExitCode.Should().Be(2, "nobody said what");
        (await Run.Piped([.. order, "--position", "2"])).Error.Should().Contain("Say --yes");
        (await Run.Piped("erase", "shop.db", "--position", "2", "--yes")).ExitCode.Should().Be(2, "nobody said who and why");
        (await Run.Piped([.. order, "--stream", "order-99", "--yes"])).Error.Should().Contain("There is no stream 'order-99'");
        (await Run.Piped("info", "shop.db"))["root"].Should().Be(root);
        (await Run.Piped([.. order, "--position", "2", "--position", "4", "--yes"])).Output.Should().StartWith("Erased the data of 2 events; on record at position 7.");

        (await Run.Piped("event", "shop.db", "2"))["data"].Should().StartWith("erased.");
        (await Run.Piped("read", "shop.db", "--json")).Json[1].TryGetProperty("data", out _).Should().BeFalse();
        (await Run.Piped("event", "shop.db", "7")).Output.Should().Contain("request 4711").And.Contain("privacy@shop.example");
        (await Run.Piped("verify", "shop.db"))["result"].Should().Be("sound");
    }

    private static async Task AppendAsync()
    {
        await using var store = new EventStore(new SqliteEventStorage("shop.db"), Shop.Types);
        await store.AppendAsync("order-20", 0, [new OrderPlaced("Dan", 1)]);
    }

    private static void Edit(string sql)
    {
        using var connection = Some.ForeignConnection("shop.db");
        connection.RunPastTriggers(sql);
    }
}
