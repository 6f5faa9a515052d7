using System.Globalization;
using System.Text;

namespace EventSourcing.Ledger;

/// <summary>
/// A file that proves by itself that a leaf is in a log: C2SP tlog-proof (https://c2sp.org/tlog-proof), the path from the leaf
/// to the root, with the signed checkpoint that contains the root. Immutable. The file extension is <c>.tlog-proof</c>.
/// </summary>
/// <remarks>
/// The line <c>c2sp.org/tlog-proof@v1</c>; if there is extra data, a line of <c>extra</c>, a space and the data in Base64; a
/// line of <c>index</c>, a space and the leaf's index in decimal digits; a line for each hash in Base64, the leaf's neighbour
/// first; a blank line; the note, as it is.
/// </remarks>
public sealed class TlogProof
{
    /// <summary>How many bytes of UTF-8 such a file may have.</summary>
    public const int MaxBytes = 2 * SignedNote.MaxBytes;

    private const string What = "a tlog-proof";
    private const string FirstLine = "c2sp.org/tlog-proof@v1";
    private const int MaxHashes = 64;
    private readonly byte[] _extra;

    /// <summary>Creates a proof from its parts.</summary>
    /// <param name="inclusion">The path from the leaf to the root.</param>
    /// <param name="checkpoint">The note whose text is the checkpoint of the same size.</param>
    /// <param name="extra">Anything, for example the leaf's bytes. It is not proven.</param>
    /// <exception cref="ArgumentException">The checkpoint is of another size, or the extra data is too long.</exception>
    /// <exception cref="LedgerFormatException">The note's text is not a checkpoint.</exception>
    public TlogProof(InclusionProof inclusion, SignedNote checkpoint, ReadOnlySpan<byte> extra = default)
    {
        ArgumentNullException.ThrowIfNull(inclusion);
        ArgumentNullException.ThrowIfNull(checkpoint);
        var size = Checkpoint.Parse(checkpoint.Text).Size;
        if (size != inclusion.Size)
        {
            throw new ArgumentException(
                $"The inclusion proof is in a tree of {inclusion.Size} leaves, the checkpoint of one of {size}.", nameof(inclusion));
        }

        if (extra.Length > SignedNote.MaxBytes / 2)
            throw new ArgumentException($"Extra data has at most {SignedNote.MaxBytes / 2} bytes; this has {extra.Length}.", nameof(extra));
        Inclusion = inclusion;
        Note = checkpoint;
        _extra = extra.ToArray();
    }

    /// <summary>The path from the leaf to the root.</summary>
    public InclusionProof Inclusion { get; }

    /// <summary>The signed checkpoint; do not trust it before <see cref="Verify"/> has returned.</summary>
    public SignedNote Note { get; }

    /// <summary>What the file's creator put beside the proof; empty if nothing. It is not proven.</summary>
    public ReadOnlySpan<byte> Extra => _extra;

    /// <summary>Reads a proof from text.</summary>
    /// <param name="proof">All of it.</param>
    /// <returns>The proof; its <see cref="ToString"/> returns the same text again.</returns>
    /// <exception cref="LedgerFormatException">The text is not such a proof.</exception>
    public static TlogProof Parse(string proof)
    {
        ArgumentNullException.ThrowIfNull(proof);
        return Parse(NoteBytes.Of(What, proof, MaxBytes));
    }

    /// <summary>Reads a proof from UTF-8.</summary>
    /// <param name="proof">All of it.</param>
    /// <returns>The proof.</returns>
    /// <exception cref="LedgerFormatException">The bytes are not such a proof.</exception>
    public static TlogProof Parse(ReadOnlySpan<byte> proof)
    {
        if (proof.Length > MaxBytes)
            throw new LedgerFormatException(What, "line 1", $"it has {proof.Length} bytes, and the limit is {MaxBytes}");
        var lines = new LineReader(What, proof);
        if (!lines.Next("the first line").SequenceEqual("c2sp.org/tlog-proof@v1"u8))
            throw lines.Flaw($"it does not begin with the line '{FirstLine}'");
        var line = lines.Next("the index");
        var extra = Array.Empty<byte>();
        if (line.StartsWith("extra "u8))
        {
            if (!StrictText.TryBase64(line["extra ".Length..], out extra) || extra.Length > SignedNote.MaxBytes / 2)
                throw lines.Flaw("the extra data is not Base64, or too long");
            line = lines.Next("the index");
        }

        if (!line.StartsWith("index "u8) || !StrictText.TryNumber(line["index ".Length..], out var index))
            throw lines.Flaw("the line is not 'index' and a number in decimal digits, without sign and leading zeros, below 2^63");
        var hashes = new List<MerkleHash>();
        while (lines.Next("a hash or a blank line") is { IsEmpty: false } text)
        {
            if (hashes.Count == MaxHashes) throw lines.Flaw($"it has more than {MaxHashes} hashes");
            if (!StrictText.TryHash(text, out var hash)) throw lines.Flaw("the line is not a hash of 32 bytes in Base64");
            hashes.Add(hash);
        }

        var note = SignedNote.Parse(lines.Rest);
        var size = Checkpoint.Parse(note.Text).Size;
        if (index >= size) throw lines.Flaw($"the index is {index}, and the checkpoint is of a tree of {size}");
        var count = InclusionProof.HashCount(index, size);
        return hashes.Count == count
            ? new TlogProof(new InclusionProof(index, size, hashes), note, extra)
            : throw lines.Flaw($"the proof of leaf {index} in a tree of {size} has {count} hashes, not {hashes.Count}");
    }

    /// <summary>Checks that a leaf is in a log.</summary>
    /// <param name="leaf">The leaf's bytes, built from what you know about the event: see <see cref="LedgerLeaf"/>.</param>
    /// <param name="origin">The log's name.</param>
    /// <param name="verifiers">The keys that you trust to speak for that log.</param>
    /// <returns>The checkpoint that covers it.</returns>
    /// <exception cref="LedgerVerificationException">
    /// It is not proven to be in the log: no given key has signed, the checkpoint belongs to another log, or the proof does not
    /// lead from the leaf to the root.
    /// </exception>
    public Checkpoint Verify(ReadOnlySpan<byte> leaf, string origin, params IReadOnlyList<INoteVerifier> verifiers)
    {
        var checkpoint = Checkpoint.Open(Note, origin, verifiers);
        return Inclusion.Verify(MerkleTree.HashLeaf(leaf), checkpoint.Root)
            ? checkpoint
            : throw new LedgerVerificationException(
                "The tlog-proof",
                $"it does not lead from this leaf, at index {Inclusion.Index}, to the root of the checkpoint of size {checkpoint.Size}.");
    }

    /// <summary>The proof as text.</summary>
    /// <returns>The text that the type's remarks describe.</returns>
    public override string ToString()
    {
        var text = new StringBuilder(FirstLine).Append('\n');
        if (_extra.Length > 0) text.Append("extra ").Append(Convert.ToBase64String(_extra)).Append('\n');
        text.Append(CultureInfo.InvariantCulture, $"index {Inclusion.Index}\n");
        foreach (var hash in Inclusion.Hashes) text.Append(StrictText.Base64Of(hash)).Append('\n');
        return text.Append('\n').Append(Note).ToString();
    }
}
