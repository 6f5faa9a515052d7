using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace EventSourcing.Tests.Ledger;

/// <summary>
/// Mutations of good input: each parser either throws its one error, or has read something of which the same bytes are written
/// again. LEDGER_FUZZ says how many inputs each gets.
/// </summary>
public class LedgerFuzzTests
{
    private static readonly int Inputs = int.TryParse(Environment.GetEnvironmentVariable("LEDGER_FUZZ"), CultureInfo.InvariantCulture, out var inputs) ? inputs : 20_000;

    private static readonly byte[][] Pieces =
    [
        "\n"u8.ToArray(), "\n\n"u8.ToArray(), "— "u8.ToArray(), "+"u8.ToArray(), "="u8.ToArray(), "0"u8.ToArray(), "index "u8.ToArray(), "extra "u8.ToArray(),
        [0], [0x7F], [0x80], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xFF, 0xFF, 0xFF, 0xFF], [0x7F, 0xFF, 0xFF, 0xFF], new byte[32], Encoding.UTF8.GetBytes("\u00a0😀"),
    ];

    [Fact]
    public void Leaf() => Fuzz(1, Seeds(i => LedgerLeafTests.RandomLeaf(new Random(i)).ToBytes()), input => LedgerLeaf.Parse(input).ToBytes());

    [Fact]
    public void Frontier() => Fuzz(2, Seeds(i => NaiveTree.Levels(NaiveTree.Leaves(i * 7)).Frontier.ToBytes()), input => MerkleFrontier.Parse(input).ToBytes());

    [Fact]
    public async Task Inclusion_proof()
    {
        var tree = NaiveTree.Levels(NaiveTree.Leaves(100));
        var seeds = new List<byte[]>();
        for (var i = 0; i < 20; i++) seeds.Add((await InclusionProof.BuildAsync(tree, i * 3, 60 + i)).ToBytes());
        Fuzz(3, seeds, input => InclusionProof.Parse(input).ToBytes());
    }

    [Fact]
    public async Task Consistency_proof()
    {
        var tree = NaiveTree.Levels(NaiveTree.Leaves(100));
        var seeds = new List<byte[]>();
        for (var i = 0; i < 20; i++) seeds.Add((await ConsistencyProof.BuildAsync(tree, i * 3 + 1, 60 + i)).ToBytes());
        Fuzz(4, seeds, input => ConsistencyProof.Parse(input).ToBytes());
    }

    [Fact]
    public void Checkpoint_text() => Fuzz(5, Seeds(i => Utf8(new Checkpoint($"log {i}", i * 1000 + 1, MerkleTree.EmptyRoot, i % 2 == 0 ? [] : ["one", "två"]).ToString())), input =>
        Utf8(Checkpoint.Parse(TextOf(input)).ToString()));

    [Fact]
    public async Task Note()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var signers = new INoteSigner[] { Keys.Ed25519("ann.example", 1), new EcdsaNoteSigner("bob.example", key) };
        var note = Utf8((await SignedNote.SignAsync("one\n\ntwo\n", signers)).ToString());
        INoteVerifier[] verifiers = [new EcdsaNoteVerifier("bob.example", key)];
        Fuzz(6, [note], input =>
        {
            var parsed = SignedNote.Parse(input);
            try
            {
                // Lines may be lost or doubled, but the text is what was signed, or the note is not believed.
                if (parsed.Verify(verifiers).Count > 0) parsed.Text.Should().Be("one\n\ntwo\n");
            }
            catch (LedgerVerificationException)
            {
            }

            return Utf8(parsed.ToString());
        });
    }

    [Fact]
    public void Key()
    {
        using var ecdsa = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Fuzz(7, [Utf8(new EcdsaNoteVerifier("a", ecdsa).ToString()), Utf8(Keys.Ed25519("b", 2).Verifier.ToString())], input => Utf8(NoteKey.Parse(TextOf(input)).ToString()!));
    }

    [Fact]
    public async Task Proof_file()
    {
        var seeds = new List<byte[]>();
        for (var i = 0; i < 10; i++) seeds.Add(Utf8((await TlogProofTests.ProofAsync(i, i * 2 + 1, i % 2 == 0 ? null : [1, 2, 3])).ToString()));
        Fuzz(8, seeds, input => Utf8(TlogProof.Parse(input).ToString()));
    }

    /// <summary>Input of the kind that makes careless parsers slow or large: it must end in the error, as all else does.</summary>
    [Fact]
    public void Large_hostile_input_ends_in_the_error()
    {
        const int length = SignedNote.MaxBytes;
        string[] texts =
        [
            new string('\n', length), new string('a', length), string.Concat(Enumerable.Repeat("a\n", length / 2)),
            "a\n\n" + string.Concat(Enumerable.Repeat("— a AAAAAAA=\n", length / 16)), "a\n1\n" + new string('A', length - 8) + "\n",
            "a\n" + new string('1', length - 8) + "\n\n", "— " + new string(' ', length - 8),
        ];
        foreach (var text in texts)
        {
            FluentActions.Invoking(() => SignedNote.Parse(text)).Should().Throw<LedgerFormatException>();
            FluentActions.Invoking(() => Checkpoint.Parse(text)).Should().Throw<LedgerFormatException>();
            FluentActions.Invoking(() => NoteKey.Parse(text)).Should().Throw<LedgerFormatException>();
            FluentActions.Invoking(() => TlogProof.Parse("c2sp.org/tlog-proof@v1\nindex 1\n" + text)).Should().Throw<LedgerFormatException>();
            FluentActions.Invoking(() => LedgerLeaf.Parse([.. LedgerLeafTests.Leaf.ToBytes(), .. Utf8(text)])).Should().Throw<LedgerFormatException>();
        }
    }

    private static void Fuzz(int seed, IReadOnlyList<byte[]> good, Func<byte[], byte[]> readAndWrite)
    {
        foreach (var input in good) readAndWrite(input).Should().Equal(input);
        var random = new Random(seed);
        var refused = 0;
        for (var i = 0; i < Inputs; i++)
        {
            var input = Mutated(random, good);
            try
            {
                var written = readAndWrite(input);
                if (!written.AsSpan().SequenceEqual(input)) written.Should().Equal(input, "input {0} of seed {1} is read, and so is what would be written", i, seed);
            }
            catch (LedgerFormatException error)
            {
                refused++;
                if (error.Message.Length > 2000) error.Message.Should().BeEmpty("messages are short whatever was read");
            }
        }

        refused.Should().BeGreaterThan(Inputs / 4).And.BeLessThan(Inputs, "some mutations are harmless");
    }

    private static byte[] Mutated(Random random, IReadOnlyList<byte[]> good)
    {
        var input = good[random.Next(good.Count)].ToList();
        for (var times = random.Next(1, 4); times > 0; times--)
        {
            var at = random.Next(input.Count + 1);
            var length = random.Next(Math.Min(40, input.Count - at + 1));
            switch (random.Next(8))
            {
                case 0 when at < input.Count: input[at] ^= (byte)(1 << random.Next(8)); break;
                case 1 when at < input.Count: input[at] = (byte)random.Next(256); break;
                case 2: input.InsertRange(at, Pieces[random.Next(Pieces.Length)]); break;
                case 3: input.RemoveRange(at, length); break;
                case 4: input.InsertRange(random.Next(input.Count + 1), input.GetRange(at, length)); break;
                case 5: input.RemoveRange(at, input.Count - at); break;
                case 6: input = [.. input[..at], .. Tail(good[random.Next(good.Count)])]; break;
                default:
                    var piece = Pieces[random.Next(Pieces.Length)];
                    for (var i = 0; i < piece.Length && at + i < input.Count; i++) input[at + i] = piece[i];
                    break;
            }
        }

        return [.. input];

        byte[] Tail(byte[] other) => other[random.Next(other.Length + 1)..];
    }

    private static List<byte[]> Seeds(Func<int, byte[]> seed) => [.. Enumerable.Range(0, 20).Select(seed)];

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Every byte as something: what is no UTF-8 becomes a lone surrogate, which no text may have.</summary>
    private static string TextOf(byte[] input)
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(input);
        }
        catch (DecoderFallbackException)
        {
            return Encoding.Latin1.GetString(input) + "\ud800";
        }
    }
}
