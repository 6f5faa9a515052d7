namespace EventSourcing.Tests.Projections.Querying;

public class ReadModelQueryTests
{
    private static readonly (string, Customer)[] Some =
    [
        ("ann", new Customer("Paris", 250)),
        ("ben", new Customer("Paris", 100)),
        ("cat", new Customer("Paris", 99.99m)),
        ("dan", new Customer("Rome", 500, Tier.Gold)),
        ("eve", new Customer(null, 250)),
    ];

    [Fact]
    public async Task Query_by_several_conditions_finds_what_meets_all()
    {
        await using var store = Bank.Open();
        var model = await store.CustomersAsync(Some);
        var found = await model.Query().Where(Customers.City.Is("Paris")).Where(Customers.Spent.AtLeast(100m)).OrderByDescending(Customers.Spent).Take(20).ToListAsync();
        found.Keys().Should().Equal("ann", "ben");
        found[0].Value.Should().Be(new Customer("Paris", 250));
        (await model.Query().Where(Customers.Tier.Is(Tier.Gold)).ToListAsync()).Keys().Should().Equal("dan");
        (await model.Query().Where(Customers.City.IsMissing()).ToListAsync()).Keys().Should().Equal("eve");
        (await model.Query().Where(Customers.City.Is(null)).ToListAsync()).Keys().Should().Equal("eve");
        (await model.Query().Where(Customers.Spent.Between(250, 100)).ToListAsync()).Should().BeEmpty();
    }

    [Fact]
    public async Task Query_in_an_order_puts_missing_first_and_ties_by_key()
    {
        await using var store = Bank.Open();
        var model = await store.CustomersAsync(Some);
        (await model.Query().ToListAsync()).Keys().Should().Equal("ann", "ben", "cat", "dan", "eve");
        (await model.Query().OrderByKeyDescending().ToListAsync()).Keys().Should().Equal("eve", "dan", "cat", "ben", "ann");
        (await model.Query().OrderBy(Customers.City).ToListAsync()).Keys().Should().Equal("eve", "ann", "ben", "cat", "dan");
        (await model.Query().OrderByDescending(Customers.City).ToListAsync()).Keys().Should().Equal("dan", "cat", "ben", "ann", "eve");
        (await model.Query().OrderBy(Customers.City).OrderBy(Customers.Spent).ToListAsync()).Keys().Should().Equal("cat", "ben", "ann", "eve", "dan");
    }

    [Fact]
    public async Task Count_counts_what_meets_the_conditions_whatever_the_order()
    {
        await using var store = Bank.Open();
        var model = await store.CustomersAsync(Some);
        (await model.Query().CountAsync()).Should().Be(5);
        (await model.Query().Where(Customers.City.Is("Paris")).OrderBy(Customers.Spent).CountAsync()).Should().Be(3);
    }

    [Fact]
    public async Task Count_a_page_is_refused()
    {
        await using var store = Bank.Open();
        var query = (await store.CustomersAsync(Some)).Query();
        await FluentActions.Awaiting(() => query.Take(2).CountAsync()).Should().ThrowAsync<InvalidOperationException>();
        var first = (await query.FirstOrDefaultAsync())!;
        await FluentActions.Awaiting(() => query.After(first).CountAsync()).Should().ThrowAsync<InvalidOperationException>();
    }

    [Fact]
    public async Task Read_the_first_returns_it_or_null()
    {
        await using var store = Bank.Open();
        var model = await store.CustomersAsync(Some);
        var (key, value) = (await model.Query().OrderByDescending(Customers.Spent).FirstOrDefaultAsync())!;
        (key, value.City).Should().Be(("dan", "Rome"));
        (await model.Query().Where(Customers.City.Is("Oslo")).FirstOrDefaultAsync()).Should().BeNull();
    }

    [Fact]
    public async Task Refine_a_query_leaves_it_as_it_was()
    {
        await using var store = Bank.Open();
        var query = (await store.CustomersAsync(Some)).Query();
        var inParis = query.Where(Customers.City.Is("Paris"));
        _ = inParis.Where(Customers.Spent.Above(1000)).OrderByDescending(Customers.Spent).Take(1);
        (await inParis.ToListAsync()).Keys().Should().Equal("ann", "ben", "cat");
        (await query.ToListAsync()).Should().HaveCount(5);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Page_across_ties_sees_each_document_once_and_the_same_on_the_way_back(bool descending, bool byText)
    {
        await using var store = Bank.Open();
        var model = await store.CustomersAsync([.. Enumerable.Range(0, 23).Select(n => ($"c{n:00}", new Customer(n % 5 == 0 ? null : $"city {n % 3}")))]);
        var (there, back) = (Query(descending), Query(!descending));
        var all = await there.ToListAsync();

        var forth = new List<Document<Customer>>();
        for (var page = await there.Take(4).ToListAsync(); page.Count > 0; page = await After(there, page[^1]).Take(4).ToListAsync()) forth.AddRange(page);
        forth.Keys().Should().Equal(all.Keys());
        forth.Keys().Should().OnlyHaveUniqueItems().And.HaveCount(23);

        var home = new List<Document<Customer>> { all[^1] };
        for (var page = await After(back, all[^1]).Take(4).ToListAsync(); page.Count > 0; page = await After(back, page[^1]).Take(4).ToListAsync()) home.AddRange(page);
        home.Keys().Should().Equal(all.Keys().Reverse());

        ReadModelQuery<Customer> Query(bool down) => down ? model.Query().OrderByDescending(Customers.City) : model.Query().OrderBy(Customers.City);
        ReadModelQuery<Customer> After(ReadModelQuery<Customer> query, Document<Customer> last) => byText ? query.After(last.Cursor) : query.After(last);
    }

    [Fact]
    public async Task Page_by_key_goes_on_after_a_document_that_is_gone()
    {
        await using var store = Bank.Open();
        var model = await store.CustomersAsync(Some);
        var page = await model.Query().Take(2).ToListAsync();
        await store.Storage.ReadModels.CommitAsync(new ReadModelCommit { Changes = [new DocumentChange("Customers", "ben", null), new DocumentChange("Customers", "ann", null)] });
        (await model.Query().After(page[^1]).ToListAsync()).Keys().Should().Equal("cat", "dan", "eve");
        (await model.Query().OrderByKeyDescending().After(page[^1]).ToListAsync()).Should().BeEmpty();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(512)]
    public async Task Go_through_all_reads_each_once_in_order(int count)
    {
        await using var store = Bank.Open();
        var model = await store.CustomersAsync([.. Enumerable.Range(0, count).Select(n => ($"c{n:000}", new Customer($"city {n % 7}")))]);
        var query = model.Query().OrderByDescending(Customers.City);
        var all = (await query.ToListAsync()).Keys().ToList();
        all.Should().HaveCount(count).And.OnlyHaveUniqueItems();
        (await query.ToAsyncEnumerable().ToListAsync()).Keys().Should().Equal(all);
        (await query.Take(300).ToAsyncEnumerable().ToListAsync()).Keys().Should().Equal(all.Take(300));
        (await query.Take(256).ToAsyncEnumerable().ToListAsync()).Keys().Should().Equal(all.Take(256));
        if (count > 1) (await query.After((await query.FirstOrDefaultAsync())!).ToAsyncEnumerable().ToListAsync()).Keys().Should().Equal(all.Skip(1));
    }

    [Fact]
    public async Task Go_through_all_while_documents_come_and_go_sees_the_unchanged_ones_once()
    {
        await using var store = Bank.Open();
        var model = await store.CustomersAsync([.. Enumerable.Range(0, 600).Select(n => ($"c{n:000}", new Customer("Paris")))]);
        var seen = new List<string>();
        await foreach (var document in model.Query().OrderBy(Customers.City).ToAsyncEnumerable())
        {
            seen.Add(document.Key);
            if (seen.Count == 100) await store.CustomersAsync(("a", new Customer("Oslo")), ("c999", new Customer("Rome")));
            if (seen.Count == 101) await store.Storage.ReadModels.CommitAsync(new ReadModelCommit { Changes = [new DocumentChange("Customers", "c000", null), new DocumentChange("Customers", "c599", null)] });
        }

        seen.Should().Equal([.. Enumerable.Range(0, 599).Select(n => $"c{n:000}"), "c999"]);
    }

    [Fact]
    public async Task Name_a_field_that_the_stored_read_model_does_not_have_says_so()
    {
        await using var store = Bank.Open();
        var model = await store.CustomersAsync(Some);
        var unknown = new DocumentField<Customer, int>("age", _ => 0);
        Func<Task>[] reads =
        [
            () => model.Query().Where(unknown.Is(1)).ToListAsync(),
            () => model.Query().Where(unknown.Is(1)).CountAsync(),
            () => model.Query().OrderBy(unknown).FirstOrDefaultAsync(),
            async () => await model.Query().OrderBy(unknown).ToAsyncEnumerable().ToListAsync(),
        ];
        foreach (var read in reads) (await read.Should().ThrowAsync<UnknownFieldException>()).Which.Field.Should().Be("age");
    }

    [Fact]
    public async Task Name_a_field_that_is_stored_as_another_kind_throws()
    {
        await using var store = Bank.Open();
        var model = await store.CustomersAsync(Some);
        var asText = new DocumentField<Customer, string>("spent", c => $"{c.Spent}");
        await FluentActions.Awaiting(() => model.Query().Where(asText.Is("5")).ToListAsync()).Should().ThrowAsync<ArgumentException>().WithMessage("The field 'spent'*Number*");
    }

    [Fact]
    public async Task Give_an_argument_that_is_not_valid_throws_at_once()
    {
        await using var store = Bank.Open();
        var query = (await store.CustomersAsync(Some)).Query();
        FluentActions.Invoking(() => query.Take(0)).Should().Throw<ArgumentOutOfRangeException>();
        FluentActions.Invoking(() => query.Where(default)).Should().Throw<ArgumentException>().WithMessage("The condition is the default one*");
        FluentActions.Invoking(() => query.OrderBy(null!)).Should().Throw<ArgumentNullException>();
        FluentActions.Invoking(() => query.OrderByDescending(null!)).Should().Throw<ArgumentNullException>();
        FluentActions.Invoking(() => query.After((string)null!)).Should().Throw<ArgumentNullException>();
        FluentActions.Invoking(() => query.After((Document<Customer>)null!)).Should().Throw<ArgumentNullException>();
    }

    [Fact]
    public async Task Order_after_After_is_refused()
    {
        await using var store = Bank.Open();
        var query = (await store.CustomersAsync(Some)).Query();
        var begun = query.After((await query.FirstOrDefaultAsync())!);
        FluentActions.Invoking(() => begun.OrderBy(Customers.City)).Should().Throw<InvalidOperationException>();
        FluentActions.Invoking(() => begun.OrderByKeyDescending()).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public async Task Go_on_after_a_document_found_in_another_order_is_refused()
    {
        await using var store = Bank.Open();
        var query = (await store.CustomersAsync(Some)).Query();
        var byCity = (await query.OrderBy(Customers.City).FirstOrDefaultAsync())!;
        FluentActions.Invoking(() => query.OrderBy(Customers.Spent).After(byCity)).Should().Throw<ArgumentException>()
            .WithMessage("The query cannot go on after the document 'eve': it was found in the order of 'city', and this query is in the order of 'spent'.*");
        FluentActions.Invoking(() => query.After(byCity)).Should().Throw<ArgumentException>().WithMessage("*in the order of keys.*");
        FluentActions.Invoking(() => query.OrderBy(Customers.Spent).After(byCity.Cursor)).Should().Throw<FormatException>()
            .WithMessage("The query cannot go on after this cursor: it was found in the order of 'city', and this query is in the order of 'spent'.");
    }
}
