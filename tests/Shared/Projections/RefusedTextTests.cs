namespace EventSourcing.Tests.Projections;

/// <summary>Text that JSON would replace is stored nowhere: not in events, not in metadata, not in documents.</summary>
public abstract class RefusedTextTests(IStorageSource source) : EngineTests(source)
{
    private static readonly EventTypes Types = new(EventType.Of<Said>("said"));

    [Fact]
    public async Task Append_text_with_a_lone_surrogate_is_refused_and_nothing_is_written()
    {
        var store = new EventStore(Open(), Types);
        await FluentActions.Awaiting(() => store.AppendAsync("s-1", 0, [new Said("fine"), new Said("a\uD800b")])).Should().ThrowAsync<ArgumentException>();
        var tenant = new EventMetadata { Values = new Dictionary<string, string> { ["tenant"] = "\uDC00" } };
        await FluentActions.Awaiting(() => store.AppendAsync("s-1", 0, [new Said("fine")], tenant)).Should().ThrowAsync<ArgumentException>();
        (await store.GetHeadAsync()).Should().Be(0);

        await store.AppendAsync("s-1", 0, [new Said("\uFFFD 😀")], new EventMetadata { CorrelationId = "\uFFFD 😀" });
        var read = await store.ReadStreamAsync("s-1").SingleAsync();
        read.Data.Should().Be(new Said("\uFFFD 😀"));
        read.Metadata.CorrelationId.Should().Be("\uFFFD 😀");
    }

    [Fact]
    public async Task Fold_into_a_document_that_cannot_be_read_back_parks_it_and_keeps_the_one_before()
    {
        var store = new EventStore(Open(), Types);
        await using var running = store.StartProjections(NoRetries, new Heard());
        await store.AppendAsync("s-1", 0, [new Said("ab"), new Said("😀")]);
        await UntilAsync(async () => (await store.ProjectionAdmin().GetParkedAsync("Heard")).Count > 0, "the document is parked");
        var parked = (await store.ProjectionAdmin().GetParkedAsync("Heard")).Single();
        parked.Error.Should().Contain("lone surrogate");
        (await store.ReadModel(new Heard()).FindAsync("1")).Should().Be(new Initial("a"));
    }

    private sealed record Said(string Text);

    private sealed record Initial(string Letter);

    private sealed class Heard : Projection<Initial>
    {
        public Heard() => On<Said>((_, e) => new Initial(e.Text[..1]));

        public override string Name => "Heard";
    }
}
