using System.Text;

namespace EventSourcing.Tests.Auditing;

public class EventProofTests
{
    [Fact]
    public async Task Prove_each_event_of_logs_of_many_sizes_verifies_and_no_other_leaf_does()
    {
        await using var store = Ledgers.Open(new InMemoryEventStorage(), Ledgers.OnDemand(null));
        foreach (var size in new[] { 1, 2, 7, 256, 300, 520 })
        {
            await store.DepositAsync(size - (int)await store.GetHeadAsync());
            await store.Ledger.SignCheckpointAsync();
            foreach (var position in new[] { 1, size / 2, size - 1, size }.Where(p => p > 0).Distinct())
            {
                var proof = await store.Ledger.ProveInclusionAsync(position);
                (proof.Inclusion.Index, proof.Inclusion.Size, proof.Event.Leaf.Position).Should().Be((position - 1, size, position));
                proof.Root.Should().Be(Checkpoint.Parse(proof.Checkpoint!.Text).Root);
                proof.Inclusion.Verify(proof.Event.Leaf.Hash(), proof.Root).Should().BeTrue();
                var changed = proof.Event.Leaf with { Version = position + 1 };
                proof.Inclusion.Verify(changed.Hash(), proof.Root).Should().BeFalse();
            }
        }
    }

    [Fact]
    public async Task Prove_an_event_by_its_id_under_an_older_checkpoint_or_none()
    {
        await using var storage = new InMemoryEventStorage();
        await using var store = Ledgers.Open(storage, Ledgers.OnDemand(null));
        await store.DepositAsync(5);
        var five = await store.Ledger.SignCheckpointAsync();
        await store.DepositAsync(300);
        await store.Ledger.SignCheckpointAsync();
        await store.DepositAsync(1);
        var id = (await store.LogAsync())[1].Id;
        var proof = await store.Ledger.ProveInclusionAsync(id, five);
        (proof.Inclusion.Index, proof.Inclusion.Size).Should().Be((1, 5));
        proof.Checkpoint.Should().BeSameAs(five);
        EventDisclosure.Open(proof.ToTlogProof(), Ledgers.Origin, Ledgers.Signer.Verifier).Leaf.Id.Should().Be(id);

        var unsigned = await store.Ledger.ProveInclusionAsync(306);
        unsigned.Inclusion.Size.Should().Be(306);
        unsigned.Checkpoint.Should().BeNull();
        unsigned.Root.Should().Be((await storage.Ledger.GetFrontierAsync()).Root());
        FluentActions.Invoking(() => unsigned.ToTlogProof()).Should().Throw<InvalidOperationException>().WithMessage("*SignCheckpointAsync*");

        await FluentActions.Awaiting(() => store.Ledger.ProveInclusionAsync(6, five).AsTask()).Should().ThrowAsync<ArgumentOutOfRangeException>();
        await FluentActions.Awaiting(() => store.Ledger.ProveInclusionAsync(307).AsTask()).Should().ThrowAsync<ArgumentOutOfRangeException>();
        await FluentActions.Awaiting(() => store.Ledger.ProveInclusionAsync(0).AsTask()).Should().ThrowAsync<ArgumentOutOfRangeException>();
        await FluentActions.Awaiting(() => store.Ledger.ProveInclusionAsync(Guid.NewGuid()).AsTask()).Should().ThrowAsync<ArgumentException>();
        var other = await Ledgers.NoteAsync(5);
        await FluentActions.Awaiting(() => store.Ledger.ProveInclusionAsync(1, other).AsTask()).Should().ThrowAsync<StoreRolledBackException>();
    }

    [Fact]
    public async Task Prove_what_another_process_has_signed_takes_its_checkpoint_from_the_sink()
    {
        var sink = new MemorySink();
        await using var storage = new InMemoryEventStorage();
        await using var one = Ledgers.Open(storage, Ledgers.OnDemand(sink));
        await using var other = Ledgers.Open(new Aggregates.WatchedStorage(storage), Ledgers.OnDemand(sink));
        await other.GetHeadAsync();
        await one.DepositAsync(3);
        var note = await one.Ledger.SignCheckpointAsync();
        (await other.Ledger.ProveInclusionAsync(2)).Checkpoint.Should().BeSameAs(note);
        await using var without = Bank.Open(new Aggregates.WatchedStorage(storage));
        (await without.Ledger.ProveInclusionAsync(2)).Checkpoint.Should().BeNull();
        (await without.Ledger.ProveInclusionAsync(2, note)).ToTlogProof().ToString().Should().Be((await one.Ledger.ProveInclusionAsync(2)).ToTlogProof().ToString());
    }

    [Fact]
    public async Task Proof_file_alone_tells_and_proves_the_event()
    {
        await using var store = Ledgers.Open(new InMemoryEventStorage(), Ledgers.OnDemand(null));
        await store.AppendAsync("account-7", 0, [new EventData(new MoneyDeposited(17)) { Tags = ["big"], Metadata = new EventMetadata { CorrelationId = "ann" } }]);
        await store.DepositAsync(20);
        await store.Ledger.SignCheckpointAsync();
        var proof = await store.Ledger.ProveInclusionAsync(1);
        var file = proof.ToTlogProof().ToString();

        var read = EventDisclosure.Open(TlogProof.Parse(file), Ledgers.Origin, Ledgers.Signer.Verifier);
        (read.Leaf.Stream, read.Leaf.Type, read.Leaf.Version).Should().Be(("account-7", "money-deposited", 1));
        read.Leaf.Tags.Should().Equal("big");
        Encoding.UTF8.GetString(read.Data!.Value.Span).Should().Be("""{"amount":17}""");
        Encoding.UTF8.GetString(read.Metadata!.Value.Span).Should().Contain("ann");

        var bare = EventDisclosure.Open(TlogProof.Parse(proof.ToTlogProof(withPayload: false).ToString()), Ledgers.Origin, Ledgers.Signer.Verifier);
        (bare.Data, bare.Salt, bare.Metadata).Should().Be((null, null, null));
        LedgerLeaf.CommitToData(proof.Event.Salt!.Value.Span, """{"amount":17}"""u8).Should().Be(bare.Leaf.DataCommitment);
        LedgerLeaf.CommitToData(proof.Event.Salt!.Value.Span, """{"amount":18}"""u8).Should().NotBe(bare.Leaf.DataCommitment);

        FluentActions.Invoking(() => EventDisclosure.Open(TlogProof.Parse(file), Ledgers.Origin, Ledgers.Stranger.Verifier)).Should().Throw<LedgerVerificationException>();
        FluentActions.Invoking(() => EventDisclosure.Open(TlogProof.Parse(file), "another.example/ledger", Ledgers.Signer.Verifier)).Should().Throw<LedgerVerificationException>();
    }

    [Fact]
    public async Task Proof_file_with_any_character_changed_proves_nothing()
    {
        await using var store = Ledgers.Open(new InMemoryEventStorage(), Ledgers.OnDemand(null));
        await store.DepositAsync(5);
        await store.Ledger.SignCheckpointAsync();
        var file = (await store.Ledger.ProveInclusionAsync(2)).ToTlogProof().ToString();
        EventDisclosure.Open(TlogProof.Parse(file), Ledgers.Origin, Ledgers.Signer.Verifier).Leaf.Position.Should().Be(2);
        for (var i = 0; i < file.Length; i++)
        {
            var changed = file[..i] + (file[i] == 'A' ? 'B' : 'A') + file[(i + 1)..];
            var error = FluentActions.Invoking(() => EventDisclosure.Open(TlogProof.Parse(changed), Ledgers.Origin, Ledgers.Signer.Verifier)).Should().Throw<EventSourcingException>($"character {i} was changed").Which;
            (error is LedgerFormatException or LedgerVerificationException).Should().BeTrue();
        }
    }

    [Fact]
    public async Task Open_an_event_that_does_not_name_the_leaf_at_which_it_is_refuses_it()
    {
        var leaf = Leaf() with { Position = 2 };
        var note = await new Checkpoint(Ledgers.Origin, 1, leaf.Hash()).SignAsync([Ledgers.Signer]);
        var proof = new TlogProof(new InclusionProof(0, 1, []), note, new EventDisclosure(leaf).ToBytes());
        FluentActions.Invoking(() => EventDisclosure.Open(proof, Ledgers.Origin, Ledgers.Signer.Verifier)).Should().Throw<LedgerVerificationException>().WithMessage("*position 2 as leaf 0*");
    }

    [Fact]
    public void Disclosure_in_every_form_reads_as_it_was_written_and_cut_or_changed_does_not()
    {
        var leaf = Leaf();
        byte[] salt = [.. Enumerable.Repeat((byte)7, 16)];
        foreach (var told in new[] { new EventDisclosure(leaf), new EventDisclosure(leaf, "{}"u8.ToArray()), new EventDisclosure(leaf, null, salt, "data"u8.ToArray()), new EventDisclosure(leaf, "{}"u8.ToArray(), salt, "data"u8.ToArray()) })
        {
            var bytes = told.ToBytes();
            EventDisclosure.Parse(bytes).ToBytes().Should().Equal(bytes);
            for (var i = 0; i < bytes.Length; i++) FluentActions.Invoking(() => EventDisclosure.Parse(bytes.AsSpan(0, i))).Should().Throw<LedgerFormatException>();
            FluentActions.Invoking(() => EventDisclosure.Parse([.. bytes, 0])).Should().Throw<LedgerFormatException>();
            for (var i = 0; i < bytes.Length * 8; i++)
            {
                byte[] flipped = [.. bytes];
                flipped[i / 8] ^= (byte)(1 << (i % 8));
                try
                {
                    EventDisclosure.Parse(flipped).Leaf.Hash().Should().NotBe(leaf.Hash(), $"bit {i} was flipped");
                }
                catch (LedgerFormatException)
                {
                    // as it should be
                }
            }
        }

        FluentActions.Invoking(() => new EventDisclosure(leaf, "{ }"u8.ToArray())).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new EventDisclosure(leaf, null, salt, "date"u8.ToArray())).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new EventDisclosure(leaf, null, salt)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new EventDisclosure(leaf, null, null, "data"u8.ToArray())).Should().Throw<ArgumentException>();
    }

    [Fact]
    public async Task Prove_consistency_fits_the_two_roots_and_no_others()
    {
        await using var store = Ledgers.Open(new InMemoryEventStorage(), Ledgers.OnDemand(null));
        await store.DepositAsync(100);
        var before = await store.Ledger.CheckpointAsync();
        await store.DepositAsync(600);
        var after = await store.Ledger.CheckpointAsync();
        var proof = await store.Ledger.ProveConsistencyAsync(100, 700);
        proof.Verify(before.Root, after.Root).Should().BeTrue();
        proof.Verify(after.Root, before.Root).Should().BeFalse();
        proof.Verify(MerkleTree.HashLeaf("other"u8), after.Root).Should().BeFalse();
        await FluentActions.Awaiting(() => store.Ledger.ProveConsistencyAsync(100, 701).AsTask()).Should().ThrowAsync<ArgumentOutOfRangeException>();
        await FluentActions.Awaiting(() => store.Ledger.ProveConsistencyAsync(0, 700).AsTask()).Should().ThrowAsync<ArgumentOutOfRangeException>();
    }

    private static LedgerLeaf Leaf() => new()
    {
        Position = 1,
        Version = 1,
        RecordedAt = ManualClock.Start,
        Id = new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
        Stream = "s",
        Type = "t",
        Tags = ["tag"],
        DataCommitment = LedgerLeaf.CommitToData([.. Enumerable.Repeat((byte)7, 16)], "data"u8),
        MetadataCommitment = LedgerLeaf.CommitToMetadata("{}"u8),
    };
}
