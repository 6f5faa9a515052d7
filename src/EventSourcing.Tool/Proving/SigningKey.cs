using System.Security.Cryptography;
using System.Text;
using EventSourcing.Ledger;

namespace EventSourcing.Tool;

/// <summary>
/// A key that signs checkpoints: ECDSA on P-256, in a PEM file that only its owner can read. Its public part, which has the name of the
/// log, stands beside it, in a file of that name with <c>.pub</c> after it.
/// </summary>
internal sealed class SigningKey : IDisposable
{
    /// <summary>The name of a file that is not whole yet; one that a killed process has left is replaced.</summary>
    private const string NewSuffix = ".new";

    private readonly ECDsa _key;

    private SigningKey(string origin, ECDsa key)
    {
        _key = key;
        Signer = new EcdsaNoteSigner(origin, key);
    }

    public EcdsaNoteSigner Signer { get; }

    public static string PublicPath(string path) => path + ".pub";

    /// <summary>
    /// Makes a key. Its public part is in place before the key itself, and both are on the disk: a process that is killed here leaves no
    /// key without a public part.
    /// </summary>
    /// <exception cref="ToolException">There is a file already: a key is never overwritten.</exception>
    public static SigningKey Create(string path, string origin)
    {
        var publicPath = PublicPath(path);
        if (File.Exists(path))
            throw new ToolException(
                $"There is a file '{path}' already, and a key is never overwritten. Leave --new-key out to sign with it.");
        if (File.Exists(publicPath))
            throw new ToolException(
                $"There is '{publicPath}' already, but no key '{path}'. If the key is elsewhere, put it there and leave --new-key out. "
                + $"If it was never made, delete '{publicPath}'.");

        var made = new SigningKey(origin, ECDsa.Create(ECCurve.NamedCurves.nistP256));
        var (newKey, newPublic) = (path + NewSuffix, publicPath + NewSuffix);
        try
        {
            Write(newKey, made._key.ExportPkcs8PrivateKeyPem() + "\n", UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Write(
                newPublic,
                made.Signer.Verifier + "\n",
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            File.Move(newPublic, publicPath);
            try
            {
                File.Move(newKey, path);
            }
            catch
            {
                File.Delete(publicPath); // it is of no use without the key
                throw;
            }

            UnixFile.SyncFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
            return made;
        }
        catch
        {
            made.Dispose();
            File.Delete(newKey);
            File.Delete(newPublic);
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

    private static void Write(string path, string text, UnixFileMode mode)
    {
        File.Delete(path); // its rights would stay
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = mode;
        using var file = new FileStream(path, options);
        file.Write(Encoding.ASCII.GetBytes(text));
        UnixFile.Sync(file.SafeFileHandle, path);
    }
}
