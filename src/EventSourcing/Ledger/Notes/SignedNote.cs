using System.Buffers.Binary;
using System.Text;

namespace EventSourcing.Ledger;

/// <summary>
/// A text and its signatures, by C2SP signed-note (https://c2sp.org/signed-note): the text, a blank line, and a line for each
/// signature. Immutable. Ignore the text until <see cref="Verify"/> has returned.
/// </summary>
/// <remarks>
/// A signature line is an em dash (U+2014), a space, the key's name, a space, and, in Base64, the key id as 4 bytes,
/// big-endian, followed by the signature. The text may contain blank lines: the last one of the note ends it.
/// </remarks>
public sealed class SignedNote
{
    /// <summary>How many bytes of UTF-8 a note may have.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>How many signatures a note may have.</summary>
    public const int MaxSignatures = 100;

    private const string What = "a signed note";
    private readonly byte[] _text;
    private readonly NoteSignature[] _signatures;

    private SignedNote(byte[] text, NoteSignature[] signatures)
    {
        _text = text;
        _signatures = signatures;
        Text = StrictText.Utf8.GetString(text);
    }

    /// <summary>The signed text, with its last line feed.</summary>
    public string Text { get; }

    /// <summary>The signatures in the order of their lines, none of them verified.</summary>
    public IReadOnlyList<NoteSignature> Signatures => _signatures.AsReadOnly();

    private static ReadOnlySpan<byte> Dash => "— "u8;

    /// <summary>Signs a text.</summary>
    /// <param name="text">The text: it ends in a line feed and contains no control characters but line feeds.</param>
    /// <param name="signers">The signers, at least one; their lines follow this order.</param>
    /// <param name="cancellationToken">Passed to the signers.</param>
    /// <returns>The note.</returns>
    /// <exception cref="ArgumentException">
    /// The text is not valid in a note, there is no signer or too many, or one has a bad name or returns no signature.
    /// </exception>
    public static async ValueTask<SignedNote> SignAsync(
        string text, IReadOnlyList<INoteSigner> signers, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(signers);
        if (signers.Count is 0 or > MaxSignatures)
            throw new ArgumentException($"A note has 1 to {MaxSignatures} signatures; there are {signers.Count} signers.", nameof(signers));
        if (!text.EndsWith('\n') || Names.TextFlaw(text) is not null || !StrictText.IsNoteText(StrictText.Utf8.GetBytes(text)))
            throw new ArgumentException(
                "A note's text ends in a line feed and holds no other control characters and no lone surrogates; this one is not so.",
                nameof(text));
        var utf8 = StrictText.Utf8.GetBytes(text);
        var signatures = new NoteSignature[signers.Count];
        for (var i = 0; i < signatures.Length; i++)
        {
            var signer = signers[i];
            if (!StrictText.IsKeyName(signer.Name))
            {
                throw new ArgumentException(
                    $"A key's name is text without spaces and '+'; '{Names.Printable(signer.Name)}' is not.", nameof(signers));
            }

            var signature = await signer.SignAsync(utf8, cancellationToken).ConfigureAwait(false);
            if (signature is not { Length: > 0 })
                throw new ArgumentException($"The signer '{signer.Name}' gave no signature.", nameof(signers));
            signatures[i] = new NoteSignature(signer.Name, signer.KeyId, signature);
        }

        var note = new SignedNote(utf8, signatures);
        var length = StrictText.Utf8.GetByteCount(note.ToString());
        return length <= MaxBytes
            ? note
            : throw new ArgumentException($"The note would have {length} bytes; the limit is {MaxBytes}.", nameof(text));
    }

    /// <summary>Reads a note from text.</summary>
    /// <param name="note">All of it.</param>
    /// <returns>The note; its <see cref="ToString"/> returns the same text again.</returns>
    /// <exception cref="LedgerFormatException">The text is not a note.</exception>
    public static SignedNote Parse(string note)
    {
        ArgumentNullException.ThrowIfNull(note);
        return Parse(NoteBytes.Of(What, note));
    }

    /// <summary>Reads a note from UTF-8.</summary>
    /// <param name="note">All of it.</param>
    /// <returns>The note.</returns>
    /// <exception cref="LedgerFormatException">The bytes are not a note.</exception>
    public static SignedNote Parse(ReadOnlySpan<byte> note)
    {
        if (note.Length > MaxBytes)
            throw new LedgerFormatException(What, "line 1", $"it has {note.Length} bytes, and the limit is {MaxBytes}");
        if (!StrictText.IsNoteText(note)) throw new LedgerFormatException(What, "line 1", "it is not UTF-8 without control characters");
        var end = note.LastIndexOf("\n\n"u8);
        if (end < 0) throw new LedgerFormatException(What, "line 1", "it has no blank line between text and signatures");
        var text = note[..(end + 1)];
        var lines = new LineReader(What, note[(end + 2)..], linesBefore: text.Count((byte)'\n') + 1);
        var signatures = new List<NoteSignature>();
        do
        {
            var line = lines.Next("a signature");
            if (signatures.Count == MaxSignatures) throw lines.Flaw($"it has more than {MaxSignatures} signatures");
            signatures.Add(SignatureOf(line) ?? throw lines.Flaw(
                "the line is not an em dash, a key's name, and a key id with a signature in Base64, with a space between each"));
        }
        while (!lines.IsAtEnd);
        return new SignedNote(text.ToArray(), [.. signatures]);
    }

    /// <summary>Checks that the text can be trusted: some given key has signed it, and no signature of a given key is wrong.</summary>
    /// <param name="verifiers">The keys that you trust. Signatures of other keys are ignored.</param>
    /// <returns>The valid signatures, at least one.</returns>
    /// <exception cref="LedgerVerificationException">It cannot be trusted.</exception>
    /// <exception cref="ArgumentException">
    /// Two keys have the same name and id, so that a signature could not be attributed to one of them.
    /// </exception>
    public IReadOnlyList<NoteSignature> Verify(params IReadOnlyList<INoteVerifier> verifiers)
    {
        ArgumentNullException.ThrowIfNull(verifiers);
        var known = new Dictionary<(string, uint), INoteVerifier>();
        foreach (var verifier in verifiers)
        {
            if (!known.TryAdd((verifier.Name, verifier.KeyId), verifier))
                throw new ArgumentException($"Two keys are '{verifier.Name}+{verifier.KeyId:x8}'. Give each key once.", nameof(verifiers));
        }

        var right = new List<NoteSignature>();
        foreach (var signature in _signatures)
        {
            if (!known.TryGetValue((signature.Name, signature.KeyId), out var verifier)) continue;
            if (!verifier.Verify(_text, signature.Signature))
                throw new LedgerVerificationException("The note", $"the signature of the trusted key '{signature}' does not fit its text.");
            right.Add(signature);
        }

        return right.Count > 0
            ? right
            : throw new LedgerVerificationException(
                "The note",
                $"none of the {known.Count} trusted keys has signed it; its signatures name "
                + $"{string.Join(", ", _signatures.Take(3).Select(s => $"'{Names.Printable(s.ToString())}'"))}"
                + $"{(_signatures.Length > 3 ? ", …" : "")}.");
    }

    /// <summary>The note as text.</summary>
    /// <returns>The text, a blank line, and the signature lines.</returns>
    public override string ToString()
    {
        var note = new StringBuilder(Text).Append('\n');
        foreach (var signature in _signatures)
        {
            var bytes = new byte[sizeof(uint) + signature.Signature.Length];
            BinaryPrimitives.WriteUInt32BigEndian(bytes, signature.KeyId);
            signature.Signature.CopyTo(bytes.AsSpan(sizeof(uint)));
            note.Append("— ").Append(signature.Name).Append(' ').Append(Convert.ToBase64String(bytes)).Append('\n');
        }

        return note.ToString();
    }

    private static NoteSignature? SignatureOf(ReadOnlySpan<byte> line)
    {
        if (!line.StartsWith(Dash)) return null;
        var rest = line[Dash.Length..];
        var space = rest.IndexOf((byte)' ');
        if (space < 0) return null;
        var name = StrictText.Utf8.GetString(rest[..space]);
        if (!StrictText.IsKeyName(name) || !StrictText.TryBase64(rest[(space + 1)..], out var bytes) || bytes.Length <= sizeof(uint))
            return null;
        return new NoteSignature(name, BinaryPrimitives.ReadUInt32BigEndian(bytes), bytes[sizeof(uint)..]);
    }
}
