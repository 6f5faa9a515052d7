using EventSourcing.Ledger.Interop;

namespace EventSourcing.Tests.Ledger;

public class TlogProofTests
{
    private static readonly Ed25519NoteSigner Signer = Keys.Ed25519("log.example", 1);

    [Fact]
    public async Task Write_parse_and_verify_without_the_log()
    {
        var proof = await ProofAsync(5, 11);
        var text = proof.ToString();
        text.Should().StartWith("c2sp.org/tlog-proof@v1\nindex 5\n").And.Contain("\n\nlog.example\n11\n").And.EndWith("\n");

        var parsed = TlogProof.Parse(text);
        parsed.ToString().Should().Be(text);
        parsed.Extra.IsEmpty.Should().BeTrue();
        var checkpoint = parsed.Verify(Data(5), "log.example", Signer.Verifier);
        (checkpoint.Origin, checkpoint.Size).Should().Be(("log.example", 11));
    }

    [Fact]
    public async Task Extra_data_comes_along_and_vouches_for_nothing()
    {
        var text = (await ProofAsync(0, 1, [1, 2, 3])).ToString();
        text.Should().StartWith("c2sp.org/tlog-proof@v1\nextra AQID\nindex 0\n\nlog.example\n1\n");
        TlogProof.Parse(text).Extra.ToArray().Should().Equal(1, 2, 3);
        var changed = TlogProof.Parse(text.Replace("AQID", "AQIE", StringComparison.Ordinal));
        changed.Verify(Data(0), "log.example", Signer.Verifier).Size.Should().Be(1);
    }

    [Fact]
    public async Task Verify_refuses_another_leaf_log_key_or_root()
    {
        var proof = await ProofAsync(5, 11);
        proof.Invoking(p => p.Verify(Data(6), "log.example", Signer.Verifier)).Should().Throw<LedgerVerificationException>()
            .WithMessage("The tlog-proof cannot be trusted: it does not lead from this leaf, at index 5, to the root of the checkpoint of size 11.*");
        proof.Invoking(p => p.Verify(Data(5), "another", Signer.Verifier)).Should().Throw<LedgerVerificationException>();
        proof.Invoking(p => p.Verify(Data(5), "log.example", Keys.Ed25519("log.example", 2).Verifier)).Should().Throw<LedgerVerificationException>();

        var text = proof.ToString();
        var lines = text.Split('\n');
        var exchanged = string.Join('\n', [.. lines[..2], lines[3], lines[2], .. lines[4..]]);
        TlogProof.Parse(exchanged).Invoking(p => p.Verify(Data(5), "log.example", Signer.Verifier)).Should().Throw<LedgerVerificationException>();
        TlogProof.Parse(text.Replace("index 5", "index 4", StringComparison.Ordinal)).Invoking(p => p.Verify(Data(5), "log.example", Signer.Verifier)).Should().Throw<LedgerVerificationException>();
    }

    [Theory]
    [InlineData("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2", "line 1")]
    [InlineData("index 1", "index 01", "line 2")]
    [InlineData("index 1", "index -1", "line 2")]
    [InlineData("index 1", "index 18446744073709551615", "line 2")]
    [InlineData("index 1", "index  1", "line 2")]
    [InlineData("index 1", "extra \nindex 1", "line 2")]
    [InlineData("index 1", "extra AA\nindex 1", "line 2")]
    [InlineData("index 1", "extra AQID\nextra AQID\nindex 1", "line 3")]
    [InlineData("index 1\n", "index 1\nAAAA\n", "line 3")]
    [InlineData("index 1\n", "index 1\n\n", "*")]
    [InlineData("index 1\n", "index 1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", "line 5")]
    [InlineData("index 1", "index 2", "line 4")]
    [InlineData("\n\nlog.example", "\nlog.example", "line 4")]
    [InlineData("log.example\n2", "log.example\n02", "line 2")]
    public async Task Parse_what_is_no_proof_throws_LedgerFormatException(string old, string changed, string where)
    {
        var text = (await ProofAsync(1, 2)).ToString();
        text.Should().Contain(old);
        FluentActions.Invoking(() => TlogProof.Parse(text.Replace(old, changed, StringComparison.Ordinal))).Should().Throw<LedgerFormatException>().Which.Where.Should().Match(where);
        FluentActions.Invoking(() => TlogProof.Parse("")).Should().Throw<LedgerFormatException>();
        FluentActions.Invoking(() => TlogProof.Parse(new string('x', TlogProof.MaxBytes + 1))).Should().Throw<LedgerFormatException>();
    }

    [Fact]
    public async Task Put_together_what_does_not_fit_is_a_bad_argument()
    {
        var proof = await ProofAsync(1, 2);
        var larger = await ProofAsync(1, 3);
        FluentActions.Invoking(() => new TlogProof(larger.Inclusion, proof.Note)).Should().Throw<ArgumentException>();
        FluentActions.Invoking(() => new TlogProof(proof.Inclusion, proof.Note, new byte[SignedNote.MaxBytes])).Should().Throw<ArgumentException>();
    }

    internal static byte[] Data(int index) => BitConverter.GetBytes(index);

    internal static async Task<TlogProof> ProofAsync(int index, int size, byte[]? extra = null)
    {
        var tree = NaiveTree.Levels(Enumerable.Range(0, size).Select(i => MerkleTree.HashLeaf(Data(i))));
        var note = await new Checkpoint("log.example", size, tree.Frontier.Root()).SignAsync([Signer]);
        return new TlogProof(await InclusionProof.BuildAsync(tree, index, size), note, extra);
    }
}
