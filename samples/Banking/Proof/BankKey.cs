using System.Security.Cryptography;
using EventSourcing;
using EventSourcing.Ledger;

namespace Banking;

/// <summary>The key with which the bank signs checkpoints of its log: ECDSA on P-256. In a file it is as <c>evs checkpoint --new-key</c> makes it.</summary>
internal sealed class BankKey : IDisposable
{
    private const int MaxLength = 64 * 1024;
    private readonly ECDsa _key;

    private BankKey(ECDsa key)
    {
        _key = key;
        Signer = new EcdsaNoteSigner(Bank.Origin, key);
    }

    public EcdsaNoteSigner Signer { get; }

    /// <summary>Makes a key that is kept nowhere.</summary>
    public static BankKey Make() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <summary>Reads a key.</summary>
    /// <returns>The key, or null where there is no file.</returns>
    /// <exception cref="CannotRunException">The file holds something else.</exception>
    public static BankKey? Find(string path)
    {
        if (!File.Exists(path)) return null;
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(TextOf(path));
            return new BankKey(key);
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new CannotRunException($"The file '{path}' is not a private key on the curve P-256 in PEM.");
        }
    }

    /// <summary>Reads who is believed: from the public part beside a key, else from the key.</summary>
    /// <exception cref="CannotRunException">There is neither.</exception>
    public static INoteVerifier Verifier(string path)
    {
        var publicPath = path + ".pub";
        if (File.Exists(publicPath)) return NoteKey.Parse(TextOf(publicPath).Trim());
        using var key = Find(path);
        return key?.Signer.Verifier ?? throw new CannotRunException($"There are checkpoints of the bank, but neither '{path}' nor '{publicPath}' to tell whether they are true. Give the key with --key.");
    }

    public void Dispose() => _key.Dispose();

    // Never more than a limit: a device has no length that could be asked for.
    private static string TextOf(string path)
    {
        using var file = File.OpenRead(path);
        var bytes = new byte[MaxLength];
        var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        if (length == MaxLength) throw new CannotRunException($"The file '{path}' is too long for a key.");
        using var reader = new StreamReader(new MemoryStream(bytes, 0, length));
        return reader.ReadToEnd();
    }
}
