namespace EventSourcing.Tests.Aggregates;

/// <summary>An aggregate that derives from another one keeps the state of both, raised and loaded alike.</summary>
public partial class InheritedApplyTests
{
    [Fact]
    public async Task Second_opening_is_refused_if_a_derived_class_applies_the_event_too()
    {
        await using var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<AccountOpened>());
        var handle = store.Aggregate<AuditedDoor>("front");
        await handle.CreateAsync(door => door.Open("ann"));

        await handle.Awaiting(h => h.UpdateAsync(door => door.Open("bob"))).Should().ThrowAsync<InvalidOperationException>().WithMessage("open already");

        (await store.ReadStreamAsync(handle.Stream).CountAsync()).Should().Be(1, "nothing was appended");
        var raised = handle.New();
        raised.Open("ann");
        var loaded = await handle.LoadAsync();
        loaded.Seen.Should().Be("door audited ").And.Be(raised.Seen);
        loaded.IsOpen.Should().BeTrue();
    }

    private abstract partial class Door : Aggregate
    {
        public bool IsOpen { get; private set; }

        public string Seen { get; protected set; } = "";

        public void Open(string owner)
        {
            if (IsOpen) throw new InvalidOperationException("open already");
            Raise(new AccountOpened(owner));
        }

        private void Apply(AccountOpened e)
        {
            IsOpen = true;
            Seen += "door ";
        }
    }

    private sealed partial class AuditedDoor : Door
    {
        private void Apply(AccountOpened e) => Seen += "audited ";
    }
}
