using System.Security.Cryptography;
using System.Text;
using EventSourcing;
using EventSourcing.Ledger;

namespace Banking;

/// <summary>The key with which the bank signs checkpoints of its log: ECDSA on P-256, in a PEM file that only its owner can read.</summary>
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

    /// <summary>Whether it was made just now.</summary>
    public bool IsNew { get; private init; }

    /// <summary>Reads a key, and makes one where there is none.</summary>
    /// <exception cref="CannotRunException">The file holds something else.</exception>
    public static BankKey OpenOrCreate(string path)
    {
        if (Find(path) is { } found) return found;
        var made = new BankKey(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { IsNew = true };
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var file = new FileStream(path, options)) file.Write(Encoding.ASCII.GetBytes(made._key.ExportPkcs8PrivateKeyPem() + "\n"));
            File.WriteAllText(PublicPath(path), made.Signer.Verifier + "\n");
            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

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
        if (File.Exists(PublicPath(path))) return Parse(TextOf(PublicPath(path)));
        using var key = Find(path);
        return key?.Signer.Verifier ?? throw new CannotRunException($"There are checkpoints of the bank, but neither '{path}' nor '{PublicPath(path)}' to tell whether they are true. Give the key with --key.");
    }

    /// <summary>Reads a public key: as text, or from a file with that text.</summary>
    public static INoteVerifier Parse(string textOrPath) => NoteKey.Parse((File.Exists(textOrPath) ? TextOf(textOrPath) : textOrPath).Trim());

    public static string PublicPath(string path) => path + ".pub";

    public void Dispose() => _key.Dispose();

    private static string TextOf(string path)
    {
        var bytes = SmallFile.Read(path, MaxLength) ?? throw new CannotRunException($"The file '{path}' is too long for a key.");
        using var reader = new StreamReader(new MemoryStream(bytes));
        return reader.ReadToEnd();
    }
}
