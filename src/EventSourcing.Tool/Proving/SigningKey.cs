using System.Security.Cryptography;
using System.Text;

namespace EventSourcing.Tool;

/// <summary>
/// A key that signs checkpoints: ECDSA on P-256, in a PEM file that only its owner can read. Its public part, which has the name of the
/// log, stands beside it, in a file of that name with <c>.pub</c> after it.
/// </summary>
internal sealed class SigningKey : IDisposable
{
    private readonly ECDsa _key;

    private SigningKey(string origin, ECDsa key)
    {
        _key = key;
        Signer = new EcdsaNoteSigner(origin, key);
    }

    public EcdsaNoteSigner Signer { get; }

    public static string PublicPath(string path) => path + ".pub";

    /// <summary>Makes a key.</summary>
    /// <exception cref="ToolException">There is a file already: a key is never overwritten.</exception>
    public static SigningKey Create(string path, string origin)
    {
        foreach (var taken in (string[])[path, PublicPath(path)])
        {
            if (File.Exists(taken))
                throw new ToolException(
                    $"There is a file '{taken}' already, and a key is never overwritten. Leave --new-key out to sign with it.");
        }

        var made = new SigningKey(origin, ECDsa.Create(ECCurve.NamedCurves.nistP256));
        var isWritten = false;
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using (var file = new FileStream(path, options))
            {
                isWritten = true;
                file.Write(Encoding.ASCII.GetBytes(made._key.ExportPkcs8PrivateKeyPem() + "\n"));
            }

            File.WriteAllText(PublicPath(path), made.Signer.Verifier + "\n");
            return made;
        }
        catch
        {
            // One without the other is of no use, and a key that is there is never overwritten.
            made.Dispose();
            if (isWritten)
            {
                File.Delete(path);
                if (File.Exists(PublicPath(path))) File.Delete(PublicPath(path));
            }

            throw;
        }
    }

    /// <summary>Reads a key, with the name of its log from the public part beside it.</summary>
    /// <exception cref="ToolException">There is none, or the file holds something else.</exception>
    public static SigningKey Read(string path)
    {
        if (!File.Exists(path))
            throw new ToolException($"There is no key '{path}'. Give its path with --key, or make one with --new-key NAME.");
        if (!File.Exists(PublicPath(path)))
            throw new ToolException(
                $"There is no '{PublicPath(path)}', which has the public part of the key and the name of the log. Put it beside the key.");
        var publicKey = NoteKey.Parse(SmallFile.ReadKey(PublicPath(path)).Trim());
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(SmallFile.ReadKey(path));
            var read = new SigningKey(publicKey.Name, key);
            if (read.Signer.KeyId != publicKey.KeyId)
                throw new ToolException(
                    $"'{PublicPath(path)}' is the public part of another key than '{path}'. Put the right one beside it.");
            return read;
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new ToolException($"The file '{path}' is not a private key on the curve P-256 in PEM.", e);
        }
    }

    public void Dispose() => _key.Dispose();
}
