namespace EventSourcing.Tests.Ledger;

public class CheckpointTests
{
    private static readonly MerkleHash Root = MerkleTree.HashLeaf("root"u8);
    private static readonly string RootText = Convert.ToBase64String(Root.Bytes);
    private static readonly string EmptyRootText = Convert.ToBase64String(MerkleTree.EmptyRoot.Bytes);

    [Fact]
    public void Write_a_checkpoint_gives_its_three_lines_and_extensions()
    {
        new Checkpoint("shop.example/ledger", 17, Root).ToString().Should().Be($"shop.example/ledger\n17\n{RootText}\n");
        new Checkpoint("a log", 1, Root, ["one", "två"]).ToString().Should().Be($"a log\n1\n{RootText}\none\ntvå\n");
        new Checkpoint("a log", 0, MerkleTree.EmptyRoot).ToString().Should().Be($"a log\n0\n{EmptyRootText}\n");
    }

    [Fact]
    public void Parse_what_was_written_gives_the_same_checkpoint()
    {
        var checkpoint = Checkpoint.Parse($"a log\n9223372036854775807\n{RootText}\none\ntvå\n");
        (checkpoint.Origin, checkpoint.Size, checkpoint.Root).Should().Be(("a log", long.MaxValue, Root));
        checkpoint.Extensions.Should().Equal("one", "två");
        checkpoint.ToString().Should().Be($"a log\n9223372036854775807\n{RootText}\none\ntvå\n");
    }

    [Theory]
    [InlineData("", "line 1", "it ends before the origin")]
    [InlineData("log", "line 1", "the origin does not end in a line feed")]
    [InlineData("\n1\n{root}\n", "line 1", "the origin is empty or holds control characters")]
    [InlineData("l\tg\n1\n{root}\n", "line 1", "the origin is empty or holds control characters")]
    [InlineData("log\n\n{root}\n", "line 2", "the size is not*")]
    [InlineData("log\n01\n{root}\n", "line 2", "the size is not*")]
    [InlineData("log\n+1\n{root}\n", "line 2", "the size is not*")]
    [InlineData("log\n-1\n{root}\n", "line 2", "the size is not*")]
    [InlineData("log\n 1\n{root}\n", "line 2", "the size is not*")]
    [InlineData("log\n1 \n{root}\n", "line 2", "the size is not*")]
    [InlineData("log\n1\r\n{root}\n", "line 2", "the size is not*")]
    [InlineData("log\n1e3\n{root}\n", "line 2", "the size is not*")]
    [InlineData("log\n١\n{root}\n", "line 2", "the size is not*")]
    [InlineData("log\n9223372036854775808\n{root}\n", "line 2", "the size is not*")]
    [InlineData("log\n1\n", "line 3", "it ends before the root")]
    [InlineData("log\n1\n{root}", "line 3", "the root does not end in a line feed")]
    [InlineData("log\n1\n\n", "line 3", "the root is not 32 bytes in Base64")]
    [InlineData("log\n1\n {root}\n", "line 3", "the root is not 32 bytes in Base64")]
    [InlineData("log\n1\nAAAA\n", "line 3", "the root is not 32 bytes in Base64")]
    [InlineData("log\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=\n", "line 3", "the root is not 32 bytes in Base64")]
    [InlineData("log\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n", "line 3", "the root is not 32 bytes in Base64")]
    [InlineData("log\n0\n{root}\n", "line 3", "the root is not that of the tree without leaves")]
    [InlineData("log\n1\n{root}\n\n", "line 4", "an extension is empty or holds control characters")]
    [InlineData("log\n1\n{root}\none\n\ntwo\n", "line 5", "an extension is empty or holds control characters")]
    [InlineData("log\n1\n{root}\none", "line 4", "an extension does not end in a line feed")]
    public void Parse_what_is_no_checkpoint_says_where_and_why(string text, string where, string flaw)
    {
        var error = FluentActions.Invoking(() => Checkpoint.Parse(text.Replace("{root}", RootText, StringComparison.Ordinal))).Should().Throw<LedgerFormatException>().Which;
        (error.What, error.Where).Should().Be(("a checkpoint", where));
        error.Flaw.Should().Match(flaw);
    }

    [Fact]
    public void Parse_what_is_no_text_is_refused() => // as a fact of its own: data of theories cannot be such a string
        FluentActions.Invoking(() => Checkpoint.Parse($"log\ud800\n1\n{RootText}\n")).Should().Throw<LedgerFormatException>().Which.Flaw.Should().StartWith("it has a lone surrogate at index 3");

    [Fact]
    public void Put_together_what_is_no_checkpoint_is_a_bad_argument()
    {
        FluentActions.Invoking(() => new Checkpoint("", 1, Root)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new Checkpoint("a\nb", 1, Root)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new Checkpoint("\ud800", 1, Root)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new Checkpoint("log", -1, Root)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new Checkpoint("log", 0, Root)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new Checkpoint("log", 1, Root, [""])).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new Checkpoint("log", 1, Root, ["a\n"])).Should().Throw<ArgumentException>();
    }

    [Fact]
    public async Task Open_a_signed_checkpoint_checks_signature_and_origin()
    {
        var (ours, theirs) = (Keys.Ed25519("log", 1), Keys.Ed25519("log", 2));
        var note = await new Checkpoint("log", 5, Root).SignAsync([ours]);

        Checkpoint.Open(SignedNote.Parse(note.ToString()), "log", ours.Verifier).Size.Should().Be(5);
        FluentActions.Invoking(() => Checkpoint.Open(note, "log", theirs.Verifier)).Should().Throw<LedgerVerificationException>();
        FluentActions.Invoking(() => Checkpoint.Open(note, "another", ours.Verifier)).Should().Throw<LedgerVerificationException>()
            .WithMessage("The checkpoint cannot be trusted: it is of 'log', not of 'another'. Treat what it claims as unproven.");
        var noCheckpoint = await SignedNote.SignAsync("hello\n", [ours]);
        FluentActions.Invoking(() => Checkpoint.Open(noCheckpoint, "log", ours.Verifier)).Should().Throw<LedgerFormatException>();
    }
}
