using EventSourcing;
using EventSourcing.Trimmed;

// The story of the README, trimmed: nothing is found by reflection, neither events nor handlers nor JSON.
var path = args.Length > 0 ? args[0] : "trimmed.db";
if (args is [_, "evidence"])
{
    await Evidence.ShowAsync(path);
    return;
}

if (args is [_, "hosted"])
{
    await Hosted.ShowAsync(path);
    return;
}

await using var store = new EventStore(
    new SqliteEventStorage(path),
    EventTypes.FromAssemblyOf<Account>(),
    new EventStoreOptions { Json = BankJson.Default.Options });
var ann = store.Aggregate<Account>("ann");

if (await ann.FindAsync() is null) await ann.CreateAsync(a => a.Open("Ann"));
var result = await ann.UpdateAsync(a => a.Deposit(100));
await foreach (var e in store.ReadStreamAsync("account-ann")) Console.WriteLine($"{e.Version} {e.Data}");

await using var projections = store.StartProjections(new Balances());
await projections.WaitForAsync(result);
Console.WriteLine(await store.ReadModel(new Balances()).FindAsync("ann"));
