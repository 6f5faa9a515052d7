using System.CommandLine;
using Banking;

var root = new RootCommand("A bank on an event store. Without a command it tells a story: what an event store is, on a few accounts in a temporary database.")
{
    ImportCommand.Create(),
    BalanceCommand.Create(),
    StatementCommand.Create(),
    HistoryCommand.Create(),
    DiffCommand.Create(),
    TopCommand.Create(),
    TotalsCommand.Create(),
    CoverUpCommand.Create(),
};
root.SetAction((_, cancellationToken) => Story.TellAsync(cancellationToken));
return await CommandLine.RunAsync(root, args);
