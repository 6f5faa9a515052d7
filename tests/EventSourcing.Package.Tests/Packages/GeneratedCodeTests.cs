namespace EventSourcing.Package.Tests;

/// <summary>Who installs a package gets the source generator with it, also by way of a package that depends on the core.</summary>
[Collection(nameof(PackedPackages))]
public class GeneratedCodeTests(PackedPackages packages)
{
    private const string Program = """
        using EventSourcing;

        await using var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<Account>());
        await store.Aggregate<Account>("ann").CreateAsync(account => account.Deposit(150));
        var account = await store.Aggregate<Account>("ann").LoadAsync();
        var totals = await store.ProjectAsync(new Totals());
        Console.WriteLine($"{account.Balance} {totals.Find("all")!.Amount} {account is ISnapshotState}");

        [EventType("money-deposited")]
        public sealed record MoneyDeposited(int Amount);

        [Snapshots(100)]
        public sealed partial class Account : Aggregate
        {
            public int Balance { get; private set; }

            public void Deposit(int amount) => Raise(new MoneyDeposited(amount));

            private void Apply(MoneyDeposited e) => Balance += e.Amount;
        }

        public sealed record Total(int Amount);

        public sealed partial class Totals : Projection<Total>
        {
            private static string Key(MoneyDeposited e) => e.Amount > 0 ? "all" : "none";

            private static Total? Apply(Total? total, MoneyDeposited e) => new((total?.Amount ?? 0) + e.Amount);
        }

        """;

    internal static IEnumerable<FreshProgram> Programs =>
        new[] { "EventSourcing", "EventSourcing.Sqlite" }.Select(package => new FreshProgram($"{package}.Generated", Program, package));

    [Theory]
    [InlineData("EventSourcing")]
    [InlineData("EventSourcing.Sqlite")]
    public async Task Fresh_project_with_a_package_has_its_methods_bound(string package)
    {
        var project = await packages.ProgramAsync($"{package}.Generated");
        (await project.RunAsync()).Should().Equal("150 150 True");
    }
}
