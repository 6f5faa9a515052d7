using System.Globalization;
using System.Text;

namespace EventSourcing.Ledger;

/// <summary>
/// The state of a log at a size: its origin, the size and the root of its tree. Kept outside the store and signed as a
/// <see cref="SignedNote"/>, it is what the store is compared with later. Immutable.
/// </summary>
/// <remarks>
/// The text is that of C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint): a line with the origin, a line with the size in
/// decimal digits, a line with the root in Base64, and any extension lines, none of them empty.
/// </remarks>
public sealed class Checkpoint
{
    private const string What = "a checkpoint";
    private readonly string[] _extensions;

    /// <summary>Creates a checkpoint.</summary>
    /// <param name="origin">
    /// A name that no other log has, best a URL without its scheme: <c>shop.example/ledger/orders</c>. One line of text.
    /// </param>
    /// <param name="size">The number of leaves: the position of the last event.</param>
    /// <param name="root">The root of the tree of this size.</param>
    /// <param name="extensions">Further lines. The format advises against them.</param>
    /// <exception cref="ArgumentException">
    /// The origin or an extension is not a line of text, the size is negative, or a tree without leaves has another root.
    /// </exception>
    public Checkpoint(string origin, long size, in MerkleHash root, IReadOnlyList<string>? extensions = null)
    {
        ThrowIfInvalidOrigin(origin, nameof(origin));
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        foreach (var line in extensions ?? [])
        {
            if (!StrictText.IsLine(line))
            {
                throw new ArgumentException(
                    $"An extension is a line of text, not empty and without control characters; '{Names.Printable(line)}' is not.",
                    nameof(extensions));
            }
        }

        if (size == 0 && root != MerkleTree.EmptyRoot)
            throw new ArgumentException($"A tree without leaves has the root {MerkleTree.EmptyRoot}, not {root}.", nameof(root));
        Origin = origin;
        Size = size;
        Root = root;
        _extensions = [.. extensions ?? []];
    }

    /// <summary>The log's name.</summary>
    public string Origin { get; }

    /// <summary>Throws if a log cannot have the name.</summary>
    /// <exception cref="ArgumentException">It is not a line of text.</exception>
    internal static void ThrowIfInvalidOrigin(string origin, string parameter)
    {
        ArgumentNullException.ThrowIfNull(origin, parameter);
        if (!StrictText.IsLine(origin))
            throw new ArgumentException(
                $"An origin is a line of text, without control characters; '{Names.Printable(origin)}' is not.", parameter);
    }

    /// <summary>The number of leaves: the position of the last event.</summary>
    public long Size { get; }

    /// <summary>The root of the tree of this size.</summary>
    public MerkleHash Root { get; }

    /// <summary>Further lines, usually none.</summary>
    public IReadOnlyList<string> Extensions => _extensions.AsReadOnly();

    /// <summary>Reads a checkpoint's text, e.g. that of a note.</summary>
    /// <param name="text">All of it.</param>
    /// <returns>The checkpoint; its <see cref="ToString"/> returns the same text again.</returns>
    /// <exception cref="LedgerFormatException">The text is not a checkpoint.</exception>
    public static Checkpoint Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Parse(NoteBytes.Of(What, text));
    }

    /// <summary>Reads a note that contains a checkpoint, and checks that it can be trusted.</summary>
    /// <param name="note">The note.</param>
    /// <param name="origin">The name of the log that it must belong to.</param>
    /// <param name="verifiers">The keys that you trust to speak for that log. One of them must have signed.</param>
    /// <returns>The checkpoint.</returns>
    /// <exception cref="LedgerVerificationException">
    /// No given key has signed the note, a signature of a given key does not fit this text, or the checkpoint belongs to
    /// another log.
    /// </exception>
    /// <exception cref="LedgerFormatException">The note's text, though signed, is not a checkpoint.</exception>
    public static Checkpoint Open(SignedNote note, string origin, params IReadOnlyList<INoteVerifier> verifiers)
    {
        ArgumentNullException.ThrowIfNull(note);
        ArgumentNullException.ThrowIfNull(origin);
        note.Verify(verifiers);
        var checkpoint = Parse(note.Text);
        return checkpoint.Origin == origin
            ? checkpoint
            : throw new LedgerVerificationException(
                "The checkpoint", $"it is of '{Names.Printable(checkpoint.Origin)}', not of '{Names.Printable(origin)}'.");
    }

    /// <summary>Signs the checkpoint. A log's signer must only sign checkpoints that extend those it has signed before.</summary>
    /// <param name="signers">The signers, at least one.</param>
    /// <param name="cancellationToken">Passed to the signers.</param>
    /// <returns>The note.</returns>
    public ValueTask<SignedNote> SignAsync(IReadOnlyList<INoteSigner> signers, CancellationToken cancellationToken = default) =>
        SignedNote.SignAsync(ToString(), signers, cancellationToken);

    /// <summary>The checkpoint's text.</summary>
    /// <returns>At least three lines, each ending in a line feed.</returns>
    public override string ToString()
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{Origin}\n{Size}\n{StrictText.Base64Of(Root)}\n");
        foreach (var line in _extensions) text.Append(line).Append('\n');
        return text.ToString();
    }

    private static Checkpoint Parse(ReadOnlySpan<byte> text)
    {
        var lines = new LineReader(What, text);
        var origin = Line(lines.Next("the origin"));
        if (!StrictText.IsLine(origin)) throw lines.Flaw("the origin is empty or holds control characters");
        if (!StrictText.TryNumber(lines.Next("the size"), out var size))
            throw lines.Flaw("the size is not a number in decimal digits, without sign and leading zeros, below 2^63");
        if (!StrictText.TryHash(lines.Next("the root"), out var root)) throw lines.Flaw("the root is not 32 bytes in Base64");
        if (size == 0 && root != MerkleTree.EmptyRoot) throw lines.Flaw("the root is not that of the tree without leaves");
        var extensions = new List<string>();
        while (!lines.IsAtEnd)
        {
            var line = Line(lines.Next("an extension"));
            if (!StrictText.IsLine(line)) throw lines.Flaw("an extension is empty or holds control characters");
            extensions.Add(line);
        }

        return new Checkpoint(origin, size, root, extensions);
    }

    private static string Line(ReadOnlySpan<byte> utf8) => StrictText.Utf8.GetString(utf8);
}
