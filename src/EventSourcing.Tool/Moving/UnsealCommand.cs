using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary><c>unseal STORE</c></summary>
internal static class UnsealCommand
{
    public static Command Create(Evs evs)
    {
        var store = Arguments.Store();
        var yes = Arguments.Yes();
        var command = new Command(
            "unseal", "Takes back that a store was sealed by 'copy': apps write to it again. For a move that was broken off.")
        {
            store, yes,
        };
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(evs.ScreenOf(parsed), evs.StoreOf(parsed, store), parsed.GetValue(yes), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Screen screen, StoreText text, bool isConfirmed, CancellationToken cancellationToken)
    {
        await using var store = await text.OpenToWriteAsync(options: null, cancellationToken);
        if (await store.Storage.GetMovedToAsync(cancellationToken) is not { } movedTo)
        {
            screen.Line($"'{Cells.OneLine(text.Display)}' is not sealed. Nothing was changed.");
            return ExitCode.Done;
        }

        await screen.ConfirmAsync(
            $"'{text.Display}' has moved to '{movedTo}'. What was written there since is not here. Let apps write here again",
            isConfirmed,
            cancellationToken);

        // Nothing is appended to a sealed store, so its log ends where it did.
        await store.Storage.SetMovedToAsync(null, await store.GetHeadAsync(cancellationToken), cancellationToken);
        screen.Line($"'{Cells.OneLine(text.Display)}' takes writes again.");
        screen.Remark($"Let no app use '{movedTo}' any more: the two would have different histories.");
        return ExitCode.Done;
    }
}
