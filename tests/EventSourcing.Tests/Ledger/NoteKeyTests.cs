using System.Security.Cryptography;

namespace EventSourcing.Tests.Ledger;

public class NoteKeyTests
{
    // From the documentation of Go's note package (golang.org/x/mod/sumdb/note).
    private const string PeterNeumann = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    private const string Note =
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
        + "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    [Fact]
    public void Verify_a_note_that_another_implementation_has_signed()
    {
        var key = NoteKey.Parse(PeterNeumann);
        (key.Name, key.KeyId).Should().Be(("PeterNeumann", 0xc74f20a3u));
        key.ToString().Should().Be(PeterNeumann);
        SignedNote.Parse(Note).Verify(key).Should().ContainSingle();
    }

    [Fact]
    public void Write_and_parse_a_key_of_each_algorithm()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        foreach (var verifier in new INoteVerifier[] { new EcdsaNoteVerifier("a/b", key), Keys.Ed25519("a/b", 5).Verifier })
        {
            var parsed = NoteKey.Parse(verifier.ToString()!);
            parsed.Should().BeOfType(verifier.GetType());
            (parsed.Name, parsed.KeyId, parsed.ToString()).Should().Be((verifier.Name, verifier.KeyId, verifier.ToString()));
        }
    }

    [Fact]
    public void Take_a_key_on_another_curve_or_with_a_bad_name_is_a_bad_argument()
    {
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        FluentActions.Invoking(() => new EcdsaNoteVerifier("a", p384)).Should().Throw<ArgumentException>().WithMessage("The key is not on the curve P-256.*");
        FluentActions.Invoking(() => new EcdsaNoteSigner("a", p384)).Should().Throw<ArgumentException>();
        foreach (var name in new[] { "", "a b", "a+b", "a\u2003b", "a\n", "\ud800" })
        {
            FluentActions.Invoking(() => new EcdsaNoteSigner(name, p256)).Should().Throw<ArgumentException>();
            FluentActions.Invoking(() => new Ed25519NoteVerifier(name, Keys.Ed25519("a", 1).PublicKey)).Should().Throw<ArgumentException>();
        }
    }

    [Theory]
    [InlineData("", "it is not a name, a key id of 8 digits and a key, with '+' between each")]
    [InlineData("PeterNeumann+c74f20a3", "it is not a name*")]
    [InlineData("PeterNeumann+c74f20a+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "it is not a name*")]
    [InlineData("PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "the key id is not 8 hexadecimal digits in lower case")]
    [InlineData("PeterNeumann+ c74f20+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "it is not a name*")]
    [InlineData("+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "the name is empty or holds spaces or control characters")]
    [InlineData("Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "the name is empty or holds spaces or control characters")]
    [InlineData("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "the key id is not that of the key, c74f20a3")]
    [InlineData("EnochRoot+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "the key id is not that of the key, *")]
    [InlineData("PeterNeumann+c74f20a3+", "the key is not Base64")]
    [InlineData("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T=", "the key is not Base64")]
    [InlineData("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T\u0130", "the key is not Base64")]
    [InlineData("PeterNeumann+c74f20a3+ARpc", "the key is not one of Ed25519")]
    [InlineData("PeterNeumann+c74f20a3+AgAA", "the key is not one of ECDSA over P-256")]
    [InlineData("PeterNeumann+c74f20a3+BAAA", "the algorithm 4 is not known")]
    public void Parse_what_is_no_key_says_why(string text, string flaw) =>
        FluentActions.Invoking(() => NoteKey.Parse(text)).Should().Throw<LedgerFormatException>().Which.Flaw.Should().Match(flaw);

    [Fact]
    public void Parse_a_point_that_is_not_on_the_curve_is_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var spki = key.ExportSubjectPublicKeyInfo();
        spki[^1] ^= 1;
        var id = Convert.ToHexStringLower(SHA256.HashData(spki).AsSpan(0, 4));
        FluentActions.Invoking(() => NoteKey.Parse($"a+{id}+{Convert.ToBase64String([2, .. spki])}")).Should().Throw<LedgerFormatException>().Which.Flaw.Should().Be("the key is not one of ECDSA over P-256");
    }
}
