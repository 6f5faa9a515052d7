using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary><c>upgrade STORE</c></summary>
internal static class UpgradeCommand
{
    public static Command Create(Evs evs)
    {
        var store = Arguments.Store();
        var yes = Arguments.Yes();
        var command = new Command(
            "upgrade", "Upgrades a store of an older schema to the one of this tool, and finishes what a process has left that was killed. "
            + "Make a copy of its files first.")
        {
            store, yes,
        };
        command.SetAction((parsed, cancellationToken) =>
            RunAsync(evs.ScreenOf(parsed), evs.StoreOf(parsed, store), parsed.GetValue(yes), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Screen screen, StoreText text, bool isConfirmed, CancellationToken cancellationToken)
    {
        var done = "was upgraded";
        try
        {
            await using var current = await text.OpenToReadAsync(cancellationToken);
            screen.Line($"'{Cells.OneLine(text.Display)}' has today's schema already. Nothing was changed.");
            return ExitCode.Done;
        }
        catch (IncompatibleStoreException older) when (older.CanBeUpgraded)
        {
            await screen.ConfirmAsync(
                $"Upgrade '{text.Display}'? Apps with an older version of the package cannot use it any more. Go on",
                isConfirmed,
                cancellationToken);
        }

        catch (IncompatibleStoreException left) when (left.CanBeRecovered)
        {
            // The store is as whole as it was: any app that opens it does this.
            done = "was recovered";
        }

        await using var store = text.OpenToUpgrade();
        await store.Storage.Ledger.SyncAsync(cancellationToken);
        var head = await store.GetHeadAsync(cancellationToken);
        screen.Line($"'{Cells.OneLine(text.Display)}' {done}: {Format.Count(head, "event")}.");
        return ExitCode.Done;
    }
}
