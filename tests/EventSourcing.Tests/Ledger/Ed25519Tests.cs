using System.Numerics;
using EventSourcing.Ledger.Interop;

namespace EventSourcing.Tests.Ledger;

public class Ed25519Tests
{
    /// <summary>RFC 8032 §7.1, tests 1 and 2: seed, public key, text, signature.</summary>
    [Theory]
    [InlineData(
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData(
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")]
    public void Verify_what_the_RFC_has_signed(string seed, string key, string text, string signature)
    {
        var verifier = new Ed25519NoteVerifier("rfc", Convert.FromHexString(key));
        verifier.Verify(Convert.FromHexString(text), Convert.FromHexString(signature)).Should().BeTrue();
        var signer = new Ed25519NoteSigner("rfc", Convert.FromHexString(seed));
        Convert.ToHexStringLower(signer.PublicKey).Should().Be(key);
        Convert.ToHexStringLower(signer.Sign(Convert.FromHexString(text))).Should().Be(signature);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public void Verify_refuses_every_flip_of_a_single_bit()
    {
        var signer = Keys.Ed25519("a", 9);
        var text = "text\n"u8.ToArray();
        var signature = signer.Sign(text);
        signer.Verifier.Verify(text, signature).Should().BeTrue();
        for (var bit = 0; bit < signature.Length * 8; bit++)
        {
            signature[bit / 8] ^= (byte)(1 << bit % 8);
            signer.Verifier.Verify(text, signature).Should().BeFalse();
            signature[bit / 8] ^= (byte)(1 << bit % 8);
        }

        signer.Verifier.Verify("Text\n"u8, signature).Should().BeFalse();
        signer.Verifier.Verify(text, signature.AsSpan(0, 63)).Should().BeFalse();
        signer.Verifier.Verify(text, [.. signature, 0]).Should().BeFalse();
    }

    [Fact]
    public void Verify_refuses_a_second_form_of_the_same_signature()
    {
        var signer = Keys.Ed25519("a", 9);
        var signature = signer.Sign("text\n"u8);
        var s = new BigInteger(signature.AsSpan(32), isUnsigned: true) + EdwardsPoint.Order;
        s.TryWriteBytes(signature.AsSpan(32), out _, isUnsigned: true).Should().BeTrue();
        signer.Verifier.Verify("text\n"u8, signature).Should().BeFalse("S must be below the order of the group");
    }

    [Theory]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000", "the identity")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "order 2")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", "order 4")]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000080", "order 4")]
    [InlineData("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "order 8")]
    [InlineData("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "order 8")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000080", "x = 0 with a sign")]
    [InlineData("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "y = p, which is 0")]
    [InlineData("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "y = p + 1, which is 1")]
    [InlineData("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "beyond all")]
    [InlineData("0200000000000000000000000000000000000000000000000000000000000000", "no point has this y")]
    [InlineData("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f70751", "31 bytes")]
    public void Take_what_is_no_key_or_a_weak_one_is_a_bad_argument(string key, string because) =>
        FluentActions.Invoking(() => new Ed25519NoteVerifier("a", Convert.FromHexString(key))).Should().Throw<ArgumentException>(because);

    /// <summary>The field, held against numbers of any length.</summary>
    [Fact]
    public void Field_computes_as_numbers_do_modulo_p()
    {
        var p = BigInteger.Pow(2, 255) - 19;
        var random = new Random(13);
        BigInteger[] edges = [0, 1, 2, 18, 19, 20, p - 1, p - 2, p - 19, p - 20, BigInteger.Pow(2, 51) - 1, BigInteger.Pow(2, 254)];
        var numbers = edges.Concat(Enumerable.Range(0, 60).Select(_ => Random())).ToList();
        foreach (var a in numbers)
        {
            foreach (var b in numbers)
            {
                Number(Field(a) + Field(b)).Should().Be((a + b) % p);
                Number(Field(a) - Field(b)).Should().Be((a - b + p) % p);
                Number(Field(a) * Field(b)).Should().Be(a * b % p);
            }

            Number(-Field(a)).Should().Be((p - a) % p);
            Number(Field(a).Invert()).Should().Be(BigInteger.ModPow(a, p - 2, p));
        }

        BigInteger Random()
        {
            var bytes = new byte[32];
            random.NextBytes(bytes);
            return new BigInteger(bytes, isUnsigned: true) % p;
        }

        static Field25519 Field(BigInteger number)
        {
            var bytes = new byte[32];
            number.TryWriteBytes(bytes, out _, isUnsigned: true);
            Field25519.TryDecode(bytes, out var field).Should().BeTrue();
            return field;
        }

        static BigInteger Number(Field25519 field)
        {
            var bytes = new byte[32];
            field.Encode(bytes);
            return new BigInteger(bytes, isUnsigned: true);
        }
    }
}
