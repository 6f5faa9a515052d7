namespace EventSourcing.Tests.Ledger;

public class LedgerLeafTests
{
    internal static LedgerLeaf Leaf { get; } = new()
    {
        Position = 0x0102,
        Version = 3,
        RecordedAt = new DateTimeOffset(0x08DE49AABBCCDDEE, TimeSpan.Zero),
        Id = Guid.Parse("0197a3c2-5f60-7000-8000-00000000abcd"),
        Stream = "åse-1",
        Type = "t",
        Tags = ["b", "a"],
        DataCommitment = new MerkleHash(Enumerable.Repeat((byte)0xDD, 32).ToArray()),
        MetadataCommitment = new MerkleHash(Enumerable.Repeat((byte)0xEE, 32).ToArray()),
    };

    private static readonly string Bytes =
        "45533100" + "0000000000000102" + "0000000000000003" + "08DE49AABBCCDDEE" + "0197A3C25F60700080000000" + "0000ABCD"
        + "00000006" + "C3A573652D31" + "00000001" + "74" + "00000002" + "00000001" + "62" + "00000001" + "61"
        + string.Concat(Enumerable.Repeat("DD", 32)) + string.Concat(Enumerable.Repeat("EE", 32));

    [Fact]
    public void Write_a_leaf_gives_the_documented_bytes_for_ever()
    {
        Convert.ToHexString(Leaf.ToBytes()).Should().Be(Bytes);
        Leaf.Hash().Should().Be(MerkleTree.HashLeaf(Convert.FromHexString(Bytes)));
    }

    [Fact]
    public void Write_a_leaf_takes_the_instant_and_not_the_offset()
    {
        var elsewhere = Leaf with { RecordedAt = Leaf.RecordedAt.ToOffset(TimeSpan.FromHours(5)) };
        elsewhere.ToBytes().Should().Equal(Leaf.ToBytes());
    }

    [Fact]
    public void Commit_to_data_and_metadata_by_different_marks()
    {
        var salt = Enumerable.Range(0, 16).Select(i => (byte)i).ToArray();
        LedgerLeaf.CommitToData(salt, "data"u8).Bytes.SequenceEqual(System.Security.Cryptography.SHA256.HashData([2, .. salt, .. "data"u8])).Should().BeTrue();
        LedgerLeaf.CommitToMetadata("data"u8).Bytes.SequenceEqual(System.Security.Cryptography.SHA256.HashData([3, .. "data"u8])).Should().BeTrue();
        LedgerLeaf.CommitToData(new byte[16], "data"u8).Should().NotBe(LedgerLeaf.CommitToData(salt, "data"u8));
        FluentActions.Invoking(() => LedgerLeaf.CommitToData(new byte[15], default)).Should().Throw<ArgumentException>().WithMessage("A salt has 16 bytes; this one has 15.*");
    }

    [Fact]
    public void Parse_what_was_written_gives_the_same_leaf_whatever_is_in_it()
    {
        var random = new Random(3);
        for (var i = 0; i < 5000; i++)
        {
            var leaf = RandomLeaf(random);
            var bytes = leaf.ToBytes();
            var parsed = LedgerLeaf.Parse(bytes);
            FieldsOf(parsed).Should().Equal(FieldsOf(leaf));
            parsed.ToBytes().Should().Equal(bytes);
            leaf.Hash().Should().Be(MerkleTree.HashLeaf(bytes));
        }
    }

    /// <summary>Leaves made of few pieces, so that the same bytes would follow from different leaves if anything let them.</summary>
    [Fact]
    public void Different_leaves_have_different_bytes()
    {
        string[] texts = ["", "a", "b", "aa", "ab", "\0", "\0\0\0\u0001", "\0\0\0\u0001a"];
        string[][] tags = [[], [""], ["a"], ["a", "b"], ["b", "a"], ["ab"], ["a", ""], ["", "a"], ["\0\0\0\u0001a"]];
        var leaves =
            from stream in texts
            from type in texts
            from list in tags
            from version in new[] { 1, 256 }
            select Leaf with { Stream = stream, Type = type, Tags = list, Version = version };

        leaves.Select(leaf => Convert.ToHexString(leaf.ToBytes())).Should().HaveCount(8 * 8 * 9 * 2).And.OnlyHaveUniqueItems();
    }

    [Fact]
    public void Each_field_changes_the_hash()
    {
        LedgerLeaf[] others =
        [
            Leaf with { Position = 1 }, Leaf with { Version = 4 }, Leaf with { RecordedAt = Leaf.RecordedAt.AddTicks(1) }, Leaf with { Id = Guid.Empty },
            Leaf with { Stream = "ase-1" }, Leaf with { Type = "u" }, Leaf with { Tags = ["a", "b"] }, Leaf with { Tags = ["b"] },
            Leaf with { DataCommitment = default }, Leaf with { MetadataCommitment = default },
            Leaf with { DataCommitment = Leaf.MetadataCommitment, MetadataCommitment = Leaf.DataCommitment },
        ];
        others.Select(leaf => leaf.Hash()).Append(Leaf.Hash()).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void Write_what_cannot_be_a_leaf_is_a_bad_argument()
    {
        FluentActions.Invoking(() => (Leaf with { Position = 0 }).ToBytes()).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => (Leaf with { Version = 0 }).Hash()).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => (Leaf with { Stream = "\ud800" }).Hash()).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => (Leaf with { Tags = [new string('x', 2000) + "\udc00"] }).Hash()).Should().Throw<ArgumentException>();
    }

    [Fact]
    public void CommitToMetadata_by_a_hasher_is_that_of_the_leaf_whatever_came_before()
    {
        using var hasher = new LedgerHasher();
        byte[][] all = [[], [1], [1], [2], [], [1, 2], [1], new byte[511], new byte[512], new byte[513], new byte[100_000], [3], [3]];
        foreach (var metadata in all.Concat(all))
        {
            hasher.CommitToMetadata(metadata).Should().Be(LedgerLeaf.CommitToMetadata(metadata));
            hasher.CommitToData(new byte[16], metadata).Should().Be(LedgerLeaf.CommitToData(new byte[16], metadata));
        }
    }

    [Fact]
    public void CommitToMetadata_by_a_hasher_does_not_keep_the_callers_memory()
    {
        using var hasher = new LedgerHasher();
        byte[] metadata = [1, 2, 3];
        hasher.CommitToMetadata(metadata);
        metadata[0] = 9;
        hasher.CommitToMetadata(metadata).Should().Be(LedgerLeaf.CommitToMetadata([9, 2, 3]));
    }

    [Fact]
    public void Hash_an_ordinary_leaf_allocates_nothing()
    {
        var salt = new byte[16];
        var data = new byte[200];
        Hash();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++) Hash();
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().Be(0);

        void Hash() => (Leaf with { DataCommitment = LedgerLeaf.CommitToData(salt, data), MetadataCommitment = LedgerLeaf.CommitToMetadata(data) }).Hash();
    }

    [Theory]
    [InlineData(0, "00", "byte 0", "it does not begin with the mark of the format and its version")]
    [InlineData(2, "32", "byte 0", "it does not begin with the mark of the format and its version")]
    [InlineData(4, "0000000000000000", "byte 4", "the position is 0, not 1 to 9223372036854775807")]
    [InlineData(4, "8000000000000000", "byte 4", "the position is 9223372036854775808, not 1 to 9223372036854775807")]
    [InlineData(12, "0000000000000000", "byte 12", "the version is 0, not 1 to 9223372036854775807")]
    [InlineData(20, "7FFFFFFFFFFFFFFF", "byte 20", "the instant of recording is 9223372036854775807, not 0 to 3155378975999999999")]
    [InlineData(44, "FFFFFFFF", "byte 44", "the length of the stream is 4294967295, and 89 bytes follow")]
    [InlineData(48, "FF", "byte 48", "the stream is not UTF-8")]
    [InlineData(59, "FFFFFFFF", "byte 59", "the number of tags is 4294967295, and 74 bytes follow")]
    [InlineData(59, "00000003", "byte 73", "the length of a tag is 3722304989, and 60 bytes follow")]
    public void Parse_what_is_no_leaf_says_where_and_why(int at, string hex, string where, string flaw)
    {
        var bytes = Convert.FromHexString(Bytes);
        Convert.FromHexString(hex).CopyTo(bytes, at);
        var error = FluentActions.Invoking(() => LedgerLeaf.Parse(bytes)).Should().Throw<LedgerFormatException>().Which;
        (error.What, error.Where, error.Flaw).Should().Be(("a leaf of the ledger", where, flaw));
    }

    [Fact]
    public void Parse_a_leaf_cut_short_or_with_more_after_it_is_refused()
    {
        var bytes = Convert.FromHexString(Bytes);
        for (var length = 0; length < bytes.Length; length++) FluentActions.Invoking(() => LedgerLeaf.Parse(bytes.AsSpan(0, length))).Should().Throw<LedgerFormatException>();
        FluentActions.Invoking(() => LedgerLeaf.Parse([.. bytes, 0])).Should().Throw<LedgerFormatException>().Which.Flaw.Should().Be("1 bytes are left over");
    }

    internal static LedgerLeaf RandomLeaf(Random random) => new()
    {
        Position = random.NextInt64(long.MaxValue) + 1,
        Version = random.NextInt64(1000) + 1,
        RecordedAt = new DateTimeOffset(random.NextInt64(DateTimeOffset.MaxValue.Ticks + 1), TimeSpan.Zero),
        Id = NewId(random),
        Stream = Text(random),
        Type = Text(random),
        Tags = [.. Enumerable.Range(0, random.Next(4)).Select(_ => Text(random))],
        DataCommitment = MerkleTree.HashLeaf(BitConverter.GetBytes(random.Next())),
        MetadataCommitment = MerkleTree.HashLeaf(BitConverter.GetBytes(random.Next())),
    };

    private static object[] FieldsOf(LedgerLeaf leaf) => [leaf.Position, leaf.Version, leaf.RecordedAt, leaf.Id, leaf.Stream, leaf.Type, string.Join("|", leaf.Tags), leaf.Tags.Count, leaf.DataCommitment, leaf.MetadataCommitment];

    private static Guid NewId(Random random)
    {
        var bytes = new byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }

    private static string Text(Random random)
    {
        string[] pieces = ["a", "order-17", "é", "😀", "\0", "|", " ", new string('x', 400), "漢字"];
        return string.Concat(Enumerable.Range(0, random.Next(5)).Select(_ => pieces[random.Next(pieces.Length)]));
    }
}
