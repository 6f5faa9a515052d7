using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace EventSourcing.Ledger.Interop;

/// <summary>
/// Writes proofs and signed checkpoints of random trees, and each once more with something wrong, for a verifier that has not been
/// written here. The same seed gives the same lines.
/// </summary>
public sealed class ProofProducer
{
    private const int MaxSize = 70_000; // three levels: leaves, tiles over 256, and one over 65,536
    private readonly Random _random;
    private readonly Stream _output;
    private readonly MerkleLevels _tree = new();
    private readonly List<MerkleHash> _leaves = [];
    private readonly List<MerkleHash> _roots = [MerkleTree.EmptyRoot];
    private readonly Ed25519NoteSigner[] _signers;

    private ProofProducer(int seed, Stream output)
    {
        _random = new Random(seed);
        _output = output;
        _signers = [.. Enumerable.Range(0, 3).Select(i => new Ed25519NoteSigner($"ledger.example/{i}", RandomBytes(32)))];
        for (var i = 0; i < MaxSize; i++)
        {
            _leaves.Add(MerkleTree.HashLeaf(RandomBytes(_random.Next(64))));
            _tree.Append(_leaves[i]);
            _roots.Add(_tree.Frontier.Root());
        }
    }

    public static async Task RunAsync(int count, int seed, Stream output)
    {
        var producer = new ProofProducer(seed, output);
        for (var i = 0; i < count; i++)
        {
            await producer.InclusionAsync();
            await producer.ConsistencyAsync();
            await producer.NoteAsync();
        }
    }

    private async Task InclusionAsync()
    {
        var size = RandomSize();
        var index = _random.NextInt64(size);
        var proof = await InclusionProof.BuildAsync(_tree, index, size);
        var good = new Inclusion(index, size, _leaves[(int)index], _roots[(int)size], [.. proof.Hashes]);
        await WriteAsync(good: true, good);

        var bad = _random.Next(6) switch
        {
            0 => good with { Leaf = Flipped(good.Leaf) },
            1 => good with { Root = Flipped(good.Root) },
            2 => good with { Index = Other(index, size) },
            3 => good with { Hashes = [.. good.Hashes, Flipped(good.Root)] },
            4 when good.Hashes.Count > 0 => good with { Hashes = [.. good.Hashes.Skip(1)] },
            5 => good with { Size = OtherSize(index, size) },
            _ => good with { Hashes = WithOneFlipped(good.Hashes), Leaf = good.Hashes.Count == 0 ? Flipped(good.Leaf) : good.Leaf },
        };
        await WriteAsync(good: false, bad);
    }

    private async Task ConsistencyAsync()
    {
        var newSize = RandomSize();
        var oldSize = _random.NextInt64(newSize) + 1;
        var proof = await ConsistencyProof.BuildAsync(_tree, oldSize, newSize);
        var good = new Consistency(oldSize, newSize, _roots[(int)oldSize], _roots[(int)newSize], [.. proof.Hashes]);
        await WriteAsync(good: true, good);

        var bad = _random.Next(5) switch
        {
            0 => good with { OldRoot = Flipped(good.OldRoot) },
            1 => good with { NewRoot = Flipped(good.NewRoot) },
            2 => good with { Hashes = [.. good.Hashes, Flipped(good.NewRoot)] },
            3 when good.Hashes.Count > 0 => good with { Hashes = [.. good.Hashes.Skip(1)] },
            _ => good with { Hashes = WithOneFlipped(good.Hashes), OldRoot = good.Hashes.Count == 0 ? Flipped(good.OldRoot) : good.OldRoot },
        };
        await WriteAsync(good: false, bad);
    }

    /// <summary>The origin is the one that Go's parser of checkpoints insists on.</summary>
    private async Task NoteAsync()
    {
        var size = _random.NextInt64(MaxSize + 1);
        var signer = _signers[_random.Next(_signers.Length)];
        INoteSigner[] signers = _random.Next(2) == 0 ? [signer] : [_signers[0], _signers[1], _signers[2]];
        var checkpoint = new Checkpoint("go.sum database tree", size, _roots[(int)size]);
        var note = (await checkpoint.SignAsync(signers)).ToString();
        var good = new Note(signer.Verifier.ToString(), note, size, checkpoint.Root);
        await WriteAsync(good: true, good);

        var lines = note.Split('\n');
        var bad = _random.Next(6) switch
        {
            0 => good with { Text = Replaced(lines, 1, (size + 1).ToString(CultureInfo.InvariantCulture)) },
            1 => good with { Text = Replaced(lines, 2, Convert.ToBase64String(Flipped(checkpoint.Root).Bytes)) },
            2 => good with { Text = Replaced(lines, 3, "an extension\n") },
            3 => good with { Key = new Ed25519NoteSigner(signer.Name, RandomBytes(32)).Verifier.ToString() },
            4 => good with { Text = note.Replace("\n\n", "\n", StringComparison.Ordinal) },
            _ => good with { Text = WithSignatureFlipped(lines, signer.Name) },
        };
        await WriteAsync(good: false, bad);
    }

    private async Task WriteAsync(bool good, Record record)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteBoolean("good", good);
            record.WriteTo(json);
            json.WriteEndObject();
        }

        buffer.Write("\n"u8);
        await _output.WriteAsync(buffer.WrittenMemory);
    }

    /// <summary>Of all orders of magnitude, and often beside a power of two, where trees change their shape.</summary>
    private long RandomSize()
    {
        var size = 1L << _random.Next(17);
        size += _random.Next(3) == 0 ? _random.Next(-1, 2) : _random.NextInt64(size);
        return Math.Clamp(size, 1, MaxSize);
    }

    private long Other(long index, long size)
    {
        if (size == 1) return 1; // beyond the tree
        var other = _random.NextInt64(size - 1);
        return other < index ? other : other + 1;
    }

    /// <summary>A size in which the leaf has another way up: with the same way the same root follows, as the root says nothing of the size.</summary>
    private long OtherSize(long index, long size)
    {
        for (var tries = 0; tries < 100; tries++)
        {
            var other = RandomSize();
            if (Way(index, other) != Way(index, size)) return other;
        }

        return index; // the tree that ends just before the leaf
    }

    /// <summary>Which neighbours are to the left (1) and to the right (0) on the way down to a leaf, after a leading 1.</summary>
    private static BigInteger Way(long index, long size)
    {
        var way = BigInteger.One;
        if (index >= size) return -1;
        while (size > 1)
        {
            var left = (long)BitOperations.RoundUpToPowerOf2((ulong)size) / 2;
            var isRight = index >= left;
            way = way * 2 + (isRight ? 1 : 0);
            (index, size) = isRight ? (index - left, size - left) : (index, left);
        }

        return way;
    }

    private MerkleHash Flipped(MerkleHash hash)
    {
        var bytes = hash.Bytes.ToArray();
        bytes[_random.Next(bytes.Length)] ^= (byte)(1 << _random.Next(8));
        return new MerkleHash(bytes);
    }

    private List<MerkleHash> WithOneFlipped(IReadOnlyList<MerkleHash> hashes)
    {
        var flipped = hashes.ToList();
        if (flipped.Count == 0) return flipped;
        var i = _random.Next(flipped.Count);
        flipped[i] = Flipped(flipped[i]);
        return flipped;
    }

    private string WithSignatureFlipped(string[] lines, string name)
    {
        var i = Array.FindIndex(lines, line => line.StartsWith($"— {name} ", StringComparison.Ordinal));
        var words = lines[i].Split(' ');
        var signature = Convert.FromBase64String(words[2]);
        signature[_random.Next(signature.Length)] ^= (byte)(1 << _random.Next(8)); // the key id too: then the key has not signed
        return Replaced(lines, i, $"{words[0]} {words[1]} {Convert.ToBase64String(signature)}");
    }

    private static string Replaced(string[] lines, int i, string line) => string.Join('\n', [.. lines[..i], line, .. lines[(i + 1)..]]);

    private byte[] RandomBytes(int count)
    {
        var bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }

    private abstract record Record
    {
        public abstract void WriteTo(Utf8JsonWriter json);

        protected static void Write(Utf8JsonWriter json, string name, IReadOnlyList<MerkleHash> hashes)
        {
            json.WriteStartArray(name);
            foreach (var hash in hashes) json.WriteBase64StringValue(hash.Bytes);
            json.WriteEndArray();
        }
    }

    private sealed record Inclusion(long Index, long Size, MerkleHash Leaf, MerkleHash Root, List<MerkleHash> Hashes) : Record
    {
        public override void WriteTo(Utf8JsonWriter json)
        {
            json.WriteString("kind", "inclusion");
            json.WriteNumber("index", Index);
            json.WriteNumber("size", Size);
            json.WriteBase64String("leaf", Leaf.Bytes);
            json.WriteBase64String("root", Root.Bytes);
            Write(json, "hashes", Hashes);
        }
    }

    private sealed record Consistency(long OldSize, long NewSize, MerkleHash OldRoot, MerkleHash NewRoot, List<MerkleHash> Hashes) : Record
    {
        public override void WriteTo(Utf8JsonWriter json)
        {
            json.WriteString("kind", "consistency");
            json.WriteNumber("oldSize", OldSize);
            json.WriteNumber("size", NewSize);
            json.WriteBase64String("oldRoot", OldRoot.Bytes);
            json.WriteBase64String("root", NewRoot.Bytes);
            Write(json, "hashes", Hashes);
        }
    }

    private sealed record Note(string Key, string Text, long Size, MerkleHash Root) : Record
    {
        public override void WriteTo(Utf8JsonWriter json)
        {
            json.WriteString("kind", "note");
            json.WriteString("key", Key);
            json.WriteString("note", Text);
            json.WriteNumber("size", Size);
            json.WriteBase64String("root", Root.Bytes);
        }
    }
}
