using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace EventSourcing.Package.Tests;

/// <summary>Goes through the README of hosting word for word: its commands, its program, its requests.</summary>
[Collection(nameof(PackedPackages))]
public sealed partial class HostedReadmeTests(PackedPackages packages)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Newcomer_gets_from_dotnet_new_web_to_a_hosted_store_with_health_and_traces()
    {
        var readme = (await File.ReadAllTextAsync(SourceTree.PathOf("src", "EventSourcing.Hosting", "README.md"))).ReplaceLineEndings("\n");
        var shell = Block().Matches(readme).Where(block => block.Groups["language"].Value == "sh").Select(block => block.Groups["text"].Value.TrimEnd('\n').Split('\n')).ToList();
        var program = Block().Matches(readme).First(block => block.Groups["language"].Value == "csharp").Groups["text"].Value;
        program.TrimEnd('\n').Split('\n').Count(line => line.Length > 0).Should().BeLessThanOrEqualTo(25);

        var parent = Directory.CreateDirectory(Path.Combine(packages.Workspace, "hosted")).FullName;
        await File.WriteAllTextAsync(Path.Combine(parent, "nuget.config"), await FreshProject.NugetConfigAsync(packages.Folder));
        var environment = new Dictionary<string, string> { ["NUGET_PACKAGES"] = Path.Combine(packages.Workspace, "cache") };
        var folder = parent;
        foreach (var line in shell[0])
        {
            var words = line.Split(' ');
            if (words[0] == "cd") folder = Path.Combine(folder, words[1]);
            else if (words is ["dotnet", "add", "package", var id]) await DotnetCommand.RunAsync(folder, environment, "add", "package", id, "--version", FreshProject.VersionOf(id, packages.Version));
            else await DotnetCommand.RunAsync(folder, environment, words[1..]);
        }

        await File.WriteAllTextAsync(Path.Combine(folder, "Program.cs"), program);
        await DotnetCommand.RunAsync(folder, environment, "build");
        var port = FreePort();
        var run = shell[1].Single().Replace("5080", port, StringComparison.Ordinal).Split(' ');
        run[0].Should().Be("dotnet");
        using var app = App.Start(folder, environment, ["run", "--no-build", .. run[2..]]);
        var answers = new List<string>();
        foreach (var line in shell[2]) answers.Add(await AskAsync(line.Replace("5080", port, StringComparison.Ordinal), app, folder));

        answers[0].Should().Contain("\"version\":1");
        answers[1].Should().Be("{\"customer\":\"Ann\"}");
        answers[2].Should().Be("Healthy");
        await UntilAsync(() => app.Output.Contains("append order", StringComparison.Ordinal) && app.Output.Contains("project Orders", StringComparison.Ordinal), app);
        File.Exists(Path.Combine(folder, "shop.db")).Should().BeTrue();
    }

    /// <summary>The answer to a command of the README; tried again until the app listens, and until there is something to answer.</summary>
    private static async Task<string> AskAsync(string command, App app, string folder)
    {
        string[] words = [.. Word().Matches(command).Select(word => word.Value.Trim('"'))];
        var answer = "";
        await UntilAsync(
            async () =>
            {
                try
                {
                    answer = await DotnetCommand.RunProgramAsync(words[0], folder, new Dictionary<string, string>(), ["--silent", "--show-error", .. words[1..]]);
                    return answer is not ("" or "null");
                }
                catch (InvalidOperationException)
                {
                    return false; // it does not listen yet
                }
            },
            app);
        return answer;
    }

    private static Task UntilAsync(Func<bool> isSo, App app) => UntilAsync(() => Task.FromResult(isSo()), app);

    private static async Task UntilAsync(Func<Task<bool>> isSo, App app)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await isSo())
        {
            if (patience.IsCancellationRequested || app.HasExited) throw new TimeoutException($"It never came to that. The app printed:\n{app.Output}");
            await Task.Delay(100, CancellationToken.None);
        }
    }

    private static string FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"^```(?<language>csharp|sh)\n(?<text>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"""[^""]*""|\S+")]
    private static partial Regex Word();

    /// <summary>The app as a process. It is killed in the end.</summary>
    private sealed class App : IDisposable
    {
        private readonly Process _process;
        private readonly StringBuilder _output = new();

        private App(Process process)
        {
            _process = process;
            process.OutputDataReceived += (_, line) => Add(line.Data);
            process.ErrorDataReceived += (_, line) => Add(line.Data);
            process.Start();
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
        }

        public bool HasExited => _process.HasExited;

        public string Output
        {
            get
            {
                lock (_output) return _output.ToString();
            }
        }

        public static App Start(string folder, IReadOnlyDictionary<string, string> environment, string[] arguments)
        {
            var start = new ProcessStartInfo("dotnet", arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (var (name, value) in environment) start.Environment[name] = value;
            return new App(new Process { StartInfo = start });
        }

        public void Dispose()
        {
            _process.Kill(entireProcessTree: true);
            _process.Dispose();
        }

        private void Add(string? line)
        {
            lock (_output) _output.AppendLine(line);
        }
    }
}
