using System.Text.Json;

namespace EventSourcing.Tests.Projections.Querying;

public class ReadModelTests
{
    [Fact]
    public async Task Find_a_document_by_key_returns_it_or_null()
    {
        await using var store = Bank.Open();
        var model = await store.CustomersAsync(("ann", new Customer("Paris", 5)));
        (await model.FindAsync("ann")).Should().Be(new Customer("Paris", 5));
        (await model.FindAsync("Ann")).Should().BeNull();
    }

    [Fact]
    public async Task Find_documents_by_keys_returns_them_in_the_order_of_the_keys()
    {
        await using var store = Bank.Open();
        var model = await store.CustomersAsync(("ann", new Customer("Paris")), ("ben", new Customer("Rome")));
        (await model.FindAsync(["ben", "nobody", "ann", "ben"])).Should().Equal(new Customer("Rome"), null, new Customer("Paris"), new Customer("Rome"));
        (await model.FindAsync([])).Should().BeEmpty();
    }

    [Fact]
    public async Task Find_by_a_key_that_is_not_valid_throws()
    {
        await using var store = Bank.Open();
        var model = await store.CustomersAsync();
        await FluentActions.Awaiting(() => model.FindAsync("")).Should().ThrowAsync<ArgumentException>();
        await FluentActions.Awaiting(() => model.FindAsync(["ann", "\ud800"])).Should().ThrowAsync<ArgumentException>();
        await FluentActions.Awaiting(() => model.FindAsync(["ann", null!])).Should().ThrowAsync<ArgumentException>();
        await FluentActions.Awaiting(() => model.FindAsync((string)null!)).Should().ThrowAsync<ArgumentNullException>();
        await FluentActions.Awaiting(() => model.FindAsync((IReadOnlyList<string>)null!)).Should().ThrowAsync<ArgumentNullException>();
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("null")]
    [InlineData("{\"spent\":\"much\"}")]
    [InlineData("")]
    public async Task Read_a_document_that_is_not_of_its_type_names_read_model_and_key(string json)
    {
        await using var store = Bank.Open();
        var model = await store.CustomersAsync(("ann", new Customer()));
        await store.Storage.ReadModels.CommitAsync(new ReadModelCommit { Changes = [new DocumentChange("Customers", "ben", System.Text.Encoding.UTF8.GetBytes(json)) { Fields = [default, default, default, default] }] });

        Func<Task>[] reads =
        [
            () => model.FindAsync("ben"),
            () => model.FindAsync(["ann", "ben"]),
            () => model.Query().ToListAsync(),
            () => model.Query().OrderByKeyDescending().FirstOrDefaultAsync(),
            async () => await model.Query().ToAsyncEnumerable().ToListAsync(),
        ];
        foreach (var read in reads)
        {
            var failure = (await read.Should().ThrowAsync<DocumentSerializationException>().WithMessage("The document 'ben' of 'Customers' could not be read: *")).Which;
            (failure.Model, failure.Key).Should().Be(("Customers", "ben"));
            failure.InnerException.Should().BeOfType<JsonException>();
        }

        (await model.Query().CountAsync()).Should().Be(2, "counting reads no document");
        (await model.FindAsync("ann")).Should().NotBeNull();
    }

    [Fact]
    public async Task Read_a_read_model_that_has_not_been_built_finds_nothing()
    {
        await using var store = Bank.Open();
        var model = store.ReadModel(new Customers());
        (await model.FindAsync("ann")).Should().BeNull();
        (await model.Query().Where(Customers.City.Is("Paris")).ToListAsync()).Should().BeEmpty();
        (await model.Query().FirstOrDefaultAsync()).Should().BeNull();
        (await model.Query().CountAsync()).Should().Be(0);
        (await model.Query().ToAsyncEnumerable().ToListAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task Query_what_the_projection_has_built_finds_documents_by_its_fields()
    {
        await using var store = Bank.Open();
        foreach (var (id, amount) in new[] { ("ann", 5), ("ben", 20), ("cat", 10) }) await store.AppendAsync($"account-{id}", 0, [new MoneyDeposited(amount)]);
        await using var running = store.StartProjections(new Customers());
        await running.CatchUpAsync();
        (await store.ReadModel(new Customers()).Query().Where(Customers.Spent.AtLeast(10)).OrderByDescending(Customers.Spent).ToListAsync()).Keys().Should().Equal("ben", "cat");
        (await store.ReadModel(new Customers()).Query().Where(Customers.City.IsMissing()).CountAsync()).Should().Be(3);
    }

    [Fact]
    public async Task Wait_for_an_append_that_another_store_object_projects_reads_own_writes()
    {
        var storage = new InMemoryEventStorage();
        await using var store = Bank.Open(storage);
        await using var other = Bank.Open(storage);
        await using var running = other.StartProjections(new Customers());
        var model = store.ReadModel(new Customers());
        for (var n = 1; n <= 20; n++)
        {
            var result = await store.AppendAsync("account-ann", ExpectedVersion.Any, [new MoneyDeposited(1), new MoneyDeposited(1)]);
            await model.WaitForAsync(result);
            (await model.FindAsync("ann"))!.Spent.Should().Be(2 * n);
            await model.WaitForAsync(result.Position, Timeout.InfiniteTimeSpan);
        }
    }

    [Fact]
    public async Task Wait_for_a_projection_that_nobody_runs_is_late_and_says_how_far_it_is()
    {
        await using var store = Bank.Open();
        await store.AppendAsync("account-ann", 0, [new MoneyDeposited(1)]);
        var model = store.ReadModel(new Customers());
        await model.WaitForAsync(0, TimeSpan.Zero);
        (await FluentActions.Awaiting(() => model.WaitForAsync(1, TimeSpan.Zero)).Should().ThrowAsync<ReadModelLateException>())
            .Which.Should().BeEquivalentTo(new { Projection = "Customers", Position = 1L, Reached = 0L });
        await FluentActions.Awaiting(() => model.WaitForAsync(1, cancellationToken: new CancellationToken(canceled: true))).Should().ThrowAsync<OperationCanceledException>();
        await FluentActions.Awaiting(() => model.WaitForAsync(1, TimeSpan.FromSeconds(-2))).Should().ThrowAsync<ArgumentOutOfRangeException>();
        await FluentActions.Awaiting(() => model.WaitForAsync(-1)).Should().ThrowAsync<ArgumentOutOfRangeException>();
        await FluentActions.Awaiting(() => model.WaitForAsync(null!)).Should().ThrowAsync<ArgumentNullException>();
    }

    [Fact]
    public async Task Wait_for_an_event_that_is_held_back_says_what_is_parked_and_for_others_goes_on()
    {
        await using var store = Bank.Open();
        var projection = new Strict();
        await using var running = store.StartProjections(Bank.StopAtOnce with { OnFailure = FailureMode.Park }, projection);
        var model = store.ReadModel(projection);
        await ShouldBeParkedAsync(await store.AppendAsync("account-ann", 0, [new MoneyDeposited(-1)]), ParkedKind.Document, "ann");
        await ShouldBeParkedAsync(await store.AppendAsync("account-ann", 1, [new MoneyDeposited(1)]), ParkedKind.Document, "ann");
        await ShouldBeParkedAsync(await store.AppendAsync("account-ben", 0, [new MoneyDeposited(0)]), ParkedKind.Stream, "account-ben");
        await model.WaitForAsync(await store.AppendAsync("account-cat", 0, [new MoneyDeposited(1)]));
        (await model.FindAsync(["ann", "ben", "cat"])).Should().Equal(null, null, new Customer(Spent: 1));

        async Task ShouldBeParkedAsync(AppendResult result, ParkedKind kind, string partition)
        {
            var parked = (await FluentActions.Awaiting(() => model.WaitForAsync(result)).Should().ThrowAsync<ProjectionParkedException>()).Which;
            (parked.Position, parked.Parked.Kind, parked.Parked.Partition).Should().Be((result.Position, kind, partition));
        }
    }

    [Fact]
    public async Task Read_when_cancelled_throws()
    {
        await using var store = Bank.Open();
        var model = await store.CustomersAsync(("ann", new Customer()));
        var cancelled = new CancellationToken(canceled: true);
        await FluentActions.Awaiting(() => model.FindAsync("ann", cancelled)).Should().ThrowAsync<OperationCanceledException>();
        await FluentActions.Awaiting(() => model.Query().ToListAsync(cancelled)).Should().ThrowAsync<OperationCanceledException>();
        await FluentActions.Awaiting(() => model.Query().CountAsync(cancelled)).Should().ThrowAsync<OperationCanceledException>();
        await FluentActions.Awaiting(() => model.Query().FirstOrDefaultAsync(cancelled)).Should().ThrowAsync<OperationCanceledException>();
        await FluentActions.Awaiting(async () => await model.Query().ToAsyncEnumerable().ToListAsync(cancelled)).Should().ThrowAsync<OperationCanceledException>();
    }

    private sealed class Strict : Projection<Customer>
    {
        public Strict() => On<MoneyDeposited>(
            (deposited, e) => deposited.Amount == 0 ? throw new FormatException("no key") : [e.StreamId],
            (customer, _, deposited, _) => deposited.Amount < 0 ? throw new FormatException("less than nothing") : new Customer(Spent: (customer?.Spent ?? 0) + deposited.Amount));
    }
}
