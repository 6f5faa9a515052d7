using System.Security.Cryptography;
using EventSourcing.Ledger.Interop;

namespace EventSourcing.Tests.Ledger;

public class SignedNoteTests
{
    private const string Text = "one\n\ntwo – åäö\n";
    private static readonly Ed25519NoteSigner Ann = Keys.Ed25519("ann.example", 1);
    private static readonly Ed25519NoteSigner Bob = Keys.Ed25519("bob.example", 2);

    [Fact]
    public async Task Sign_a_text_with_blank_lines_and_read_it_again()
    {
        var written = await SignedNote.SignAsync(Text, [Ann, Bob]);
        var text = written.ToString();
        text.Should().StartWith(Text + "\n— ann.example ").And.EndWith("\n");
        text.Split('\n').Should().HaveCount(7);

        var note = SignedNote.Parse(text);
        note.Text.Should().Be(Text);
        note.ToString().Should().Be(text);
        note.Signatures.Select(s => (s.Name, s.KeyId)).Should().Equal(("ann.example", Ann.KeyId), ("bob.example", Bob.KeyId));
        note.Verify(Ann.Verifier, Bob.Verifier).Should().HaveCount(2);
        note.Verify(Bob.Verifier).Single().Name.Should().Be("bob.example");
    }

    [Fact]
    public async Task Sign_by_ECDSA_and_verify_with_the_key_from_its_text()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var signer = new EcdsaNoteSigner("shop.example/ledger", key);
        var note = SignedNote.Parse((await SignedNote.SignAsync(Text, [signer])).ToString());
        var verifier = NoteKey.Parse(signer.Verifier.ToString());

        note.Verify(verifier).Should().ContainSingle();
        signer.KeyId.Should().Be(System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(key.ExportSubjectPublicKeyInfo())));
        var signature = note.Signatures[0].Signature.ToArray();
        for (var bit = 0; bit < signature.Length * 8; bit++)
        {
            signature[bit / 8] ^= (byte)(1 << bit % 8);
            verifier.Verify(System.Text.Encoding.UTF8.GetBytes(Text), signature).Should().BeFalse();
            signature[bit / 8] ^= (byte)(1 << bit % 8);
        }

        verifier.Verify(System.Text.Encoding.UTF8.GetBytes(Text), [.. signature, 0]).Should().BeFalse("nothing may follow the signature");
        verifier.Verify(System.Text.Encoding.UTF8.GetBytes(Text), []).Should().BeFalse();
        verifier.Verify(System.Text.Encoding.UTF8.GetBytes(Text + "\n"), signature).Should().BeFalse();
    }

    [Fact]
    public async Task Verify_ignores_keys_that_are_not_known_even_where_name_or_id_is()
    {
        var note = await SignedNote.SignAsync(Text, [new Fixed("ann.example", Ann.KeyId ^ 1), new Fixed("zoe.example", Ann.KeyId), Ann]);
        note.Verify(Ann.Verifier).Should().ContainSingle();
    }

    [Fact]
    public async Task Verify_refuses_a_note_that_no_trusted_key_has_signed()
    {
        var note = await SignedNote.SignAsync(Text, [Ann]);
        note.Invoking(n => n.Verify(Bob.Verifier)).Should().Throw<LedgerVerificationException>()
            .WithMessage($"The note cannot be trusted: none of the 1 trusted keys has signed it; its signatures name 'ann.example+{Ann.KeyId:x8}'. Treat what it claims as unproven.");
        note.Invoking(n => n.Verify()).Should().Throw<LedgerVerificationException>();
        note.Invoking(n => n.Verify(Bob.Verifier, Bob.Verifier)).Should().Throw<ArgumentException>();
    }

    [Fact]
    public async Task Verify_refuses_a_note_with_a_wrong_signature_of_a_trusted_key_whatever_else_is_right()
    {
        var note = await SignedNote.SignAsync(Text, [Bob, new Fixed("ann.example", Ann.KeyId)]);
        note.Verify(Bob.Verifier).Should().ContainSingle("without Ann's key nobody can tell");
        note.Invoking(n => n.Verify(Ann.Verifier, Bob.Verifier)).Should().Throw<LedgerVerificationException>()
            .WithMessage($"*the signature of the trusted key 'ann.example+{Ann.KeyId:x8}' does not fit its text.*");
        var twice = await SignedNote.SignAsync(Text, [Ann, new Fixed("ann.example", Ann.KeyId)]);
        twice.Invoking(n => n.Verify(Ann.Verifier)).Should().Throw<LedgerVerificationException>("every signature of a known key must be right");
    }

    [Fact]
    public async Task Verify_refuses_every_other_text()
    {
        var text = (await SignedNote.SignAsync(Text, [Ann])).ToString();
        foreach (var other in new[] { text.Replace("one", "One", StringComparison.Ordinal), "\n" + text, text.Replace("two", "two\n\nthree", StringComparison.Ordinal), text.Replace("\n\ntwo", "\ntwo", StringComparison.Ordinal) })
        {
            SignedNote.Parse(other).Invoking(n => n.Verify(Ann.Verifier)).Should().Throw<LedgerVerificationException>();
        }
    }

    [Theory]
    [InlineData("", "line 1", "it has no blank line*")]
    [InlineData("text\n— a AAAAAAA=\n", "line 1", "it has no blank line*")]
    [InlineData("text\n\n", "line 3", "it ends before a signature")]
    [InlineData("text\n\n— a AAAAAAA=\n\n", "line 5", "it ends before a signature")]
    [InlineData("text\n\n— a AAAAAAA=", "line 3", "a signature does not end in a line feed")]
    [InlineData("text\n\n- a AAAAAAA=\n", "line 3", "the line is not an em dash*")]
    [InlineData("text\n\n— a\n", "line 3", "the line is not an em dash*")]
    [InlineData("text\n\n—  AAAAAAA=\n", "line 3", "the line is not an em dash*")]
    [InlineData("text\n\n— a+b AAAAAAA=\n", "line 3", "the line is not an em dash*")]
    [InlineData("text\n\n— a\u00a0b AAAAAAA=\n", "line 3", "the line is not an em dash*")]
    [InlineData("text\n\n— a AAAAAA==\n", "line 3", "the line is not an em dash*")]
    [InlineData("text\n\n— a AAAAAAB=\n", "line 3", "the line is not an em dash*")]
    [InlineData("text\n\n— a AAAAAAA\n", "line 3", "the line is not an em dash*")]
    [InlineData("text\n\n— a AAAA AAA=\n", "line 3", "the line is not an em dash*")]
    [InlineData("text\n\n— a AAAAAAA= \n", "line 3", "the line is not an em dash*")]
    [InlineData("text\n\n— a AAAAAAA=\nb\n", "line 4", "the line is not an em dash*")]
    [InlineData("te\txt\n\n— a AAAAAAA=\n", "line 1", "it is not UTF-8 without control characters")]
    [InlineData("text\r\n\r\n— a AAAAAAA=\r\n", "line 1", "it is not UTF-8 without control characters")]
    public void Parse_what_is_no_note_says_where_and_why(string text, string where, string flaw)
    {
        var error = FluentActions.Invoking(() => SignedNote.Parse(text)).Should().Throw<LedgerFormatException>().Which;
        (error.What, error.Where).Should().Be(("a signed note", where));
        error.Flaw.Should().Match(flaw);
    }

    [Fact]
    public void Parse_takes_up_to_the_limits_and_no_more()
    {
        const string line = "— a AAAAAAA=\n";
        SignedNote.Parse("text\n\n" + string.Concat(Enumerable.Repeat(line, 100))).Signatures.Should().HaveCount(100);
        FluentActions.Invoking(() => SignedNote.Parse("text\n\n" + string.Concat(Enumerable.Repeat(line, 101)))).Should().Throw<LedgerFormatException>().Which.Where.Should().Be("line 103");

        var longest = new string('x', SignedNote.MaxBytes - 2 - System.Text.Encoding.UTF8.GetByteCount(line)) + "\n\n" + line;
        SignedNote.Parse(longest).ToString().Should().Be(longest);
        FluentActions.Invoking(() => SignedNote.Parse("x" + longest)).Should().Throw<LedgerFormatException>();
        FluentActions.Invoking(() => SignedNote.Parse([0xFF, .. "\n\n— a AAAAAAA=\n"u8])).Should().Throw<LedgerFormatException>();
    }

    [Fact]
    public async Task Sign_what_cannot_be_a_note_is_a_bad_argument()
    {
        foreach (var text in new[] { "", "text", "te\txt\n", "\ud800\n", "a\r\n", new string('x', SignedNote.MaxBytes) + "\n" })
            await FluentActions.Awaiting(() => SignedNote.SignAsync(text, [Ann]).AsTask()).Should().ThrowAsync<ArgumentException>();
        await FluentActions.Awaiting(() => SignedNote.SignAsync(Text, []).AsTask()).Should().ThrowAsync<ArgumentException>();
        await FluentActions.Awaiting(() => SignedNote.SignAsync(Text, [new Fixed("a b", 1)]).AsTask()).Should().ThrowAsync<ArgumentException>();
        await FluentActions.Awaiting(() => SignedNote.SignAsync(Text, [new Fixed("a", 1, length: 0)]).AsTask()).Should().ThrowAsync<ArgumentException>();
    }

    private sealed class Fixed(string name, uint keyId, int length = 64) : INoteSigner
    {
        public string Name => name;

        public uint KeyId => keyId;

        public ValueTask<byte[]> SignAsync(ReadOnlyMemory<byte> text, CancellationToken cancellationToken = default) => ValueTask.FromResult(new byte[length]);
    }
}
