using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace EventSourcing.Ledger;

/// <summary>Reads a binary form from its start to exactly its end, and reports the byte at which it is wrong.</summary>
internal ref struct ByteReader(string what, ReadOnlySpan<byte> bytes)
{
    private readonly string _what = what;
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;

    public readonly int Remaining => _bytes.Length - _at;

    public void Tag(ReadOnlySpan<byte> tag)
    {
        if (!_bytes.StartsWith(tag)) throw Flaw("it does not begin with the mark of the format and its version");
        _at += tag.Length;
    }

    /// <summary>A number of 8 bytes that fits into a signed 64-bit number.</summary>
    public long Number(string name, long atLeast, long atMost = long.MaxValue)
    {
        var start = _at;
        var number = BinaryPrimitives.ReadUInt64BigEndian(Take(sizeof(ulong), name));
        return number <= (ulong)atMost && (long)number >= atLeast
            ? (long)number
            : throw Flaw($"{name} is {number}, not {atLeast} to {atMost}", start);
    }

    public int Count(string name, int bytesEach)
    {
        var start = _at;
        var count = BinaryPrimitives.ReadUInt32BigEndian(Take(sizeof(uint), name));
        return count <= Remaining / bytesEach ? (int)count : throw Flaw($"{name} is {count}, and {Remaining} bytes follow", start);
    }

    public string Text(string name)
    {
        var length = Count($"the length of {name}", bytesEach: 1);
        var start = _at;
        var utf8 = Take(length, name);
        return Utf8.IsValid(utf8) ? Encoding.UTF8.GetString(utf8) : throw Flaw($"{name} is not UTF-8", start);
    }

    public MerkleHash Hash(string name) => new(Take(MerkleHash.Length, name));

    public MerkleHash[] Hashes(int count)
    {
        if (Remaining != (long)count * MerkleHash.Length)
            throw Flaw($"{count} hashes of {MerkleHash.Length} bytes belong here, and {Remaining} bytes follow");
        var hashes = new MerkleHash[count];
        for (var i = 0; i < count; i++) hashes[i] = Hash("a hash");
        return hashes;
    }

    public ReadOnlySpan<byte> Take(int length, string name)
    {
        if (length > Remaining) throw Flaw($"it ends within {name}");
        var taken = _bytes.Slice(_at, length);
        _at += length;
        return taken;
    }

    public readonly void End()
    {
        if (Remaining > 0) throw Flaw($"{Remaining} bytes are left over");
    }

    public readonly LedgerFormatException Flaw(string flaw, int? at = null) => new(_what, $"byte {at ?? _at}", flaw);
}
