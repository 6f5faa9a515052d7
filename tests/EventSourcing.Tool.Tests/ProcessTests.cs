using System.Diagnostics;
using System.Runtime.InteropServices;
using EventSourcing.Sqlite.Tests;

namespace EventSourcing.Tool.Tests;

/// <summary>The tool as a process: pipes and signals.</summary>
public sealed partial class ProcessTests : IDisposable
{
    private const int Interrupt = 2;
    private const int Terminate = 15;
    private readonly WorkFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(Interrupt)]
    [InlineData(Terminate)]
    public async Task Signal_to_end_ends_with_exit_code_130(int signal)
    {
        if (OperatingSystem.IsWindows()) return;
        await Shop.MakeAsync();
        using var tail = Start("tail", "shop.db", "--after", "0", "--json");
        for (var i = 0; i < 6; i++) (await tail.StandardOutput.ReadLineAsync()).Should().Contain($"\"position\":{i + 1},");

        Kill(tail.Id, signal).Should().Be(0);

        await EndAsync(tail);
        tail.ExitCode.Should().Be(130);
        (await tail.StandardError.ReadToEndAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task Tail_killed_and_started_again_after_the_last_position_misses_and_repeats_nothing()
    {
        await Shop.MakeAsync();
        await using var store = new EventStore(new SqliteEventStorage("shop.db"), Shop.Types);
        var seen = new List<long>();
        for (var round = 0; round < 4; round++)
        {
            using var tail = Start("tail", "shop.db", "--after", $"{seen.LastOrDefault()}", "--json");
            for (var i = 0; i < 5; i++)
            {
                await store.AppendAsync("order-20", ExpectedVersion.Any, [new OrderShipped("RX-1")]);
                var line = await tail.StandardOutput.ReadLineAsync();
                seen.Add(System.Text.Json.JsonDocument.Parse(line!).RootElement.GetProperty("position").GetInt64());
            }

            tail.Kill();
            await EndAsync(tail);
        }

        seen.Should().Equal(Enumerable.Range(1, 20).Select(position => (long)position));
    }

    [Fact]
    public async Task Reader_that_has_read_enough_ends_the_tool_and_that_is_no_failure()
    {
        await using (var storage = new SqliteEventStorage("shop.db"))
        {
            var data = new byte[1000];
            Array.Fill(data, (byte)'1');
            for (var i = 0; i < 20; i++)
                await storage.AppendAsync(new AppendRequest([new StreamWrite("s", ExpectedVersion.Any, [.. Enumerable.Range(0, 500).Select(_ => new NewEvent(Guid.CreateVersion7(), "t", data))])]));
        }

        foreach (var arguments in (string[][])[["read", "shop.db"], ["tail", "shop.db", "--after", "0"], ["export", "shop.db"]])
        {
            using var read = Start(arguments);
            (await read.StandardOutput.ReadLineAsync()).Should().NotBeNull();
            read.StandardOutput.Close();
            await EndAsync(read);
            read.ExitCode.Should().Be(0, string.Join(' ', arguments));
            (await read.StandardError.ReadToEndAsync()).Should().BeEmpty();
        }
    }

    [Fact]
    public async Task Reader_that_has_gone_leaves_the_exit_code_of_what_was_found()
    {
        await Shop.MakeAsync();
        await Run.Piped("checkpoint", "shop.db", "--new-key", "shop.example/ledger");
        await Run.Piped("prove", "shop.db", "4", "--out", "4.tlog-proof");
        var exported = (await Run.Piped("export", "shop.db")).Output;
        await File.WriteAllTextAsync("changed.jsonl", exported.Replace("Ann", "Eve", StringComparison.Ordinal));
        await using (await Shop.RunAsync())
        {
        }

        await AnyStore.MakeAsync("bad.db", 9, events: 3_000);
        using (var connection = Some.ForeignConnection("bad.db")) connection.RunPastTriggers("UPDATE events SET type = type || 'x'");

        foreach (var (exitCode, arguments) in ((int, string[])[])
        [
            (1, ["verify", "bad.db"]),
            (1, ["verify", "bad.db", "--json"]),
            (1, ["check", "4.tlog-proof", "--key", "shop.db.key.pub", "--origin", "another"]),
            (1, ["import", "changed.jsonl", "imported.db"]),
            (1, ["projections", "status", "shop.db", "--fail-on", "parked"]),
            (1, ["projections", "status", "shop.db", "--fail-on", "parked", "--json"]),
            (0, ["verify", "shop.db"]),
            (0, ["projections", "status", "shop.db"]),
        ])
        {
            using var found = Start(arguments);
            found.StandardOutput.Close();
            await EndAsync(found);
            found.ExitCode.Should().Be(exitCode, string.Join(' ', arguments));
            (await found.StandardError.ReadToEndAsync()).Should().BeEmpty();
        }
    }

    [Fact]
    public async Task Output_in_a_pipe_is_utf8_without_colours_and_a_question_is_not_waited_for()
    {
        await Shop.MakeAsync();
        using var read = Start("read", "shop.db", "order-18");
        var output = await read.StandardOutput.ReadToEndAsync();
        output.Should().Contain("Björn").And.NotContain("\e").And.NotContain("\uFEFF");

        using var erase = Start("erase", "shop.db", "--position", "1", "--by", "ann", "--reason", "x");
        erase.StandardInput.Close();
        await EndAsync(erase);
        erase.ExitCode.Should().Be(2);
    }

    [ShellFact]
    public async Task Several_commands_into_one_file_print_one_after_the_other()
    {
        await Shop.MakeAsync();
        var evs = $"dotnet '{Path.Combine(AppContext.BaseDirectory, "evs.dll")}'";

        using var shell = Process.Start("bash", ["-c", $"{{ {evs} types shop.db; {evs} streams shop.db; echo end; }} > out.txt"]);
        await EndAsync(shell);

        (await File.ReadAllTextAsync("out.txt")).Should()
            .Be((await Run.Piped("types", "shop.db")).Output + (await Run.Piped("streams", "shop.db")).Output + "end\n");
    }

    [Fact]
    public async Task Version_and_help_say_what_the_tool_is()
    {
        using var version = Start("--version");
        (await version.StandardOutput.ReadToEndAsync()).Should().MatchRegex(@"^evs \d+\.\d+\.\d+");
        using var help = Start("--help");
        (await help.StandardOutput.ReadToEndAsync()).Should().Contain("evs [command] [options]").And.Contain("verify");
    }

    [Theory]
    [InlineData(Interrupt)]
    [InlineData(Terminate)]
    public async Task Explore_serves_pages_to_this_machine_until_a_signal_ends_it(int signal)
    {
        if (OperatingSystem.IsWindows()) return;
        await Shop.MakeAsync();
        var before = await File.ReadAllBytesAsync("shop.db");
        using var explore = Start("explore", "shop.db");
        var address = new Uri((await explore.StandardOutput.ReadLineAsync())!);
        address.Host.Should().Be("127.0.0.1");
        using (var client = new HttpClient { BaseAddress = address })
        {
            (await client.GetStringAsync("")).Should().Contain("<title>Overview · shop.db</title>").And.Contain("open read-only");
            (await client.GetStringAsync("stream?name=order-17")).Should().Contain("RX-4471");
            using var foreign = new HttpRequestMessage(HttpMethod.Get, "log") { Headers = { Host = "shop.example" } };
            (await client.SendAsync(foreign)).IsSuccessStatusCode.Should().BeFalse();
        }

        Kill(explore.Id, signal).Should().Be(0);

        await EndAsync(explore);
        explore.ExitCode.Should().Be(130);
        (await explore.StandardError.ReadToEndAsync()).Should().Be("Open this address in a browser of this machine. Ctrl+C ends it.\n");
        (await File.ReadAllBytesAsync("shop.db")).Should().Equal(before);
        _folder.FileNames.Should().Equal("shop.db");
    }

    /// <summary>Waits until a process has ended, for a minute at most.</summary>
    private static async Task EndAsync(Process process)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>
    /// Starts the tool as a terminal would. A process that inherits SIGINT as ignored keeps ignoring it: that is the convention, by which a
    /// shell keeps Ctrl+C from what it runs in the background. If these tests were started so, the tool would never end by that signal.
    /// </summary>
    private static Process Start(params string[] arguments)
    {
        string[] command = ["dotnet", Path.Combine(AppContext.BaseDirectory, "evs.dll"), .. arguments];
        if (IsInterruptIgnored()) command = ["env", "--default-signal=INT", .. command];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = System.Text.Encoding.UTF8,
        };
        return Process.Start(start)!;
    }

    /// <summary>Whether this process ignores SIGINT, and so would every process that it starts.</summary>
    private static bool IsInterruptIgnored()
    {
        if (!OperatingSystem.IsLinux()) return false;
        const string Ignored = "SigIgn:";
        var mask = File.ReadLines("/proc/self/status").First(line => line.StartsWith(Ignored, StringComparison.Ordinal))[Ignored.Length..];
        return (Convert.ToUInt64(mask.Trim(), 16) & (1UL << (Interrupt - 1))) != 0;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
