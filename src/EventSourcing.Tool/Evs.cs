using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Reflection;

namespace EventSourcing.Tool;

/// <summary>The command line as a whole: its commands, the options that all of them have, and how they end.</summary>
internal sealed class Evs
{
    public const string Name = "evs";

    private const string Description = """
        Reads, verifies, backs up, repairs and moves event stores. It needs no code of the app.

        STORE is the path of a SQLite file, or a schema of a PostgreSQL database:
        postgres://user@host/database?schema=eventsourcing
        or 'Host=…;Database=…;Schema=…'. 'env:NAME' takes it from the environment variable NAME.
        """;

    /// <summary>What a command has begun to write it finishes, after Ctrl+C too.</summary>
    private static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(30);

    private readonly Terminal _terminal;
    private readonly Option<bool> _json = new("--json") { Description = "Prints JSON Lines, for programs.", Recursive = true };
    private readonly Option<bool> _quiet = new("--quiet") { Description = "Leaves out remarks and progress.", Recursive = true };
    private readonly Option<bool> _noColor =
        new("--no-color") { Description = "Prints without colours, as with NO_COLOR.", Recursive = true };

    private Evs(Terminal terminal) => _terminal = terminal;

    /// <summary>Runs what was asked for. Whatever goes wrong is one line on standard error and the exit code.</summary>
    /// <param name="args">The arguments after the name of the tool.</param>
    /// <param name="terminal">What it runs in.</param>
    /// <param name="cancellationToken">Interrupts it, as Ctrl+C does.</param>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, Terminal terminal, CancellationToken cancellationToken = default)
    {
        var evs = new Evs(terminal);

        // An argument that begins with @ is just that here, not the name of a file with more arguments.
        var parsed = evs.CreateRoot().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Action is ParseErrorAction || parsed.Errors.Count > 0)
            return evs.Fail(string.Join(" ", parsed.Errors.Select(error => error.Message)) + $" See '{PathOf(parsed)} --help'.");
        return await parsed.InvokeAsync(new InvocationConfiguration
        {
            Output = terminal.Output,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = TimeToEnd,
        }, cancellationToken);
    }

    /// <summary>The screen of a command that was asked for.</summary>
    public Screen ScreenOf(ParseResult parsed) =>
        new(_terminal, parsed.GetValue(_json), parsed.GetValue(_quiet), parsed.GetValue(_noColor));

    /// <summary>The store that an argument names.</summary>
    public StoreText StoreOf(ParseResult parsed, Argument<string> argument) =>
        StoreText.Parse(parsed.GetRequiredValue(argument), _terminal.Environment);

    private Command CreateRoot()
    {
        var root = new Command(Name, Description)
        {
            InfoCommand.Create(this),
            StreamsCommand.Create(this),
            TypesCommand.Create(this),
            ReadCommand.Create(this),
            EventCommand.Create(this),
            TraceCommand.Create(this),
            TailCommand.Create(this),
            ExploreCommand.Create(this),
            VerifyCommand.Create(this),
            CheckpointCommand.Create(this),
            ProveCommand.Create(this),
            CheckCommand.Create(this),
            BackupCommand.Create(this),
            RestoreCommand.Create(this),
            UpgradeCommand.Create(this),
            ExportCommand.Create(this),
            ImportCommand.Create(this),
            CopyCommand.Create(this),
            UnsealCommand.Create(this),
            ProjectionsCommand.Create(this),
            EraseCommand.Create(this),
            CompletionCommand.Create(this),
            CompletionCommand.CreateHidden(this, CreateRoot),
        };
        var help = new HelpOption { Recursive = true };
        help.Action = new HelpAction { MaxWidth = _terminal.OutputIsTerminal ? _terminal.Width : Terminal.DefaultWidth };
        root.Options.Add(help);
        root.Options.Add(new VersionOption { Action = new PrintVersion() });
        root.Options.Add(_json);
        root.Options.Add(_quiet);
        root.Options.Add(_noColor);
        Guard(root);
        return root;
    }

    /// <summary>
    /// Gives each command its end. An exception must not leave an action: if one does after a signal, the exit code is that of the signal.
    /// </summary>
    private void Guard(Command command)
    {
        if (command.Action is AsynchronousCommandLineAction action) command.Action = new GuardedAction(this, action);
        foreach (var subcommand in command.Subcommands) Guard(subcommand);
    }

    private async Task<int> EndAsync(Func<Task<int>> run)
    {
        // Signals are listened for once this method has returned, and reading a file may never wait for anything.
        await Task.Yield();
        var exitCode = ExitCode.Done;
        try
        {
            exitCode = await run();
            await _terminal.Output.FlushAsync();
            return exitCode;
        }
        catch (OutputClosedException)
        {
            // Whoever read has read enough. What the command has found stays found.
            return exitCode;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
        catch (Exception e)
            when (e is ToolException or EventSourcingException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            return Fail(MessageOf(e));
        }
    }

    private static string PathOf(ParseResult parsed)
    {
        var names = new List<string>();
        for (Symbol? symbol = parsed.CommandResult.Command; symbol is not null; symbol = symbol.Parents.FirstOrDefault())
            names.Insert(0, symbol.Name);
        return string.Join(' ', names);
    }

    private int Fail(string message)
    {
        try
        {
            _terminal.Output.Flush();
        }
        catch (OutputClosedException)
        {
            // The error is still said.
        }

        _terminal.Error.Write("error: " + Cells.OneLine(Secrets.Hide(message)) + "\n");
        return ExitCode.CouldNotRun;
    }

    /// <summary>
    /// The message without what means nothing to people at a terminal: options of the library and names of its parameters.
    /// </summary>
    private static string MessageOf(Exception e) => e switch
    {
        IncompatibleStoreException { CanBeUpgraded: true } older =>
            $"'{older.Store}' has an older schema than this tool reads, and was left as it is. Run 'evs upgrade', "
            + "or use an older version of the tool.",
        IncompatibleStoreException { CanBeRecovered: true } left =>
            $"'{left.Store}' was left by a process that was killed, and this command writes nothing. Run 'evs upgrade', which "
            + "finishes what that process has begun.",
        ArgumentException { ParamName: { } parameter } => e.Message.Replace($" (Parameter '{parameter}')", "", StringComparison.Ordinal),
        _ => e.Message.Replace(" (SqliteEventStorageOptions.ReadOnly)", "", StringComparison.Ordinal),
    };

    private sealed class GuardedAction(Evs evs, AsynchronousCommandLineAction action) : AsynchronousCommandLineAction
    {
        public override Task<int> InvokeAsync(ParseResult parseResult, CancellationToken cancellationToken = default) =>
            evs.EndAsync(() => action.InvokeAsync(parseResult, cancellationToken));
    }

    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            var version = typeof(Evs).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
            parseResult.InvocationConfiguration.Output.Write($"{Name} {version.Split('+')[0]}\n");
            return ExitCode.Done;
        }
    }
}
