using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary><c>completion SHELL</c>, and the hidden <c>complete</c> that its scripts call.</summary>
internal static class CompletionCommand
{
    private static readonly Dictionary<string, string> Scripts = new(StringComparer.Ordinal)
    {
        ["bash"] = """
            _evs() {
              local IFS=$'\n'
              COMPREPLY=($(compgen -W "$(evs complete "$COMP_POINT" "$COMP_LINE" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
            }
            complete -o default -F _evs evs
            """,
        ["zsh"] = """
            _evs() {
              local -a words_of_evs
              words_of_evs=("${(@f)$(evs complete "$CURSOR" "$BUFFER" 2>/dev/null)}")
              [[ -n "$words_of_evs" ]] && compadd -- $words_of_evs || _files
            }
            compdef _evs evs
            """,
        ["fish"] = """
            complete -c evs -a "(evs complete (commandline -C) (commandline) 2>/dev/null)"
            """,
        ["pwsh"] = """
            Register-ArgumentCompleter -Native -CommandName evs -ScriptBlock {
                param($wordToComplete, $commandAst, $cursorPosition)
                evs complete "$cursorPosition" "$commandAst" 2>$null |
                    ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
            }
            """,
    };

    public static Command Create(Evs evs)
    {
        var shell = Arguments.Text("SHELL", "bash, zsh, fish or pwsh.").AcceptOnlyFromAmong([.. Scripts.Keys]);
        var command = new Command(
            "completion", "Prints a script that completes commands and options in a shell. In bash: eval \"$(evs completion bash)\"")
        {
            shell,
        };
        command.SetAction((parsed, _) =>
        {
            evs.ScreenOf(parsed).Line(Scripts[parsed.GetRequiredValue(shell)].ReplaceLineEndings("\n"));
            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }

    /// <param name="evs">The command line.</param>
    /// <param name="root">Makes the command whose completions are asked for.</param>
    public static Command CreateHidden(Evs evs, Func<Command> root)
    {
        var position = new Argument<int>("POSITION");
        var line = new Argument<string>("LINE");
        var command = new Command("complete") { position, line };
        command.Hidden = true;
        command.SetAction((parsed, _) =>
        {
            var screen = evs.ScreenOf(parsed);
            var text = parsed.GetRequiredValue(line);
            text = text[..Math.Clamp(parsed.GetValue(position), 0, text.Length)];

            // The line may call the tool by a path, so its first word is replaced by the tool's name.
            var rest = text.IndexOf(' ', StringComparison.Ordinal) is var space and >= 0 ? text[space..] : "";
            text = Evs.Name + rest;
            var word = text[(text.LastIndexOf(' ') + 1)..];
            foreach (var completion in root().Parse(text).GetCompletions(text.Length))
            {
                if (completion.InsertText is { } inserted && inserted.StartsWith(word, StringComparison.Ordinal)) screen.Line(inserted);
            }

            return Task.FromResult(ExitCode.Done);
        });
        return command;
    }
}
