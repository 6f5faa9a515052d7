using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace EventSourcing.Ledger.Interop;

/// <summary>
/// Holds the library against published vectors: what they accept must be accepted, what they refuse must be refused. Where the
/// formats of today are stricter than a vector, the vector counts as passed only if the reason is the one that is known.
/// </summary>
public static class PublishedVectors
{
    private static readonly (string File, Func<JsonElement, IEnumerable<Outcome>> Check)[] Checks =
    [
        ("rfc6962_reference.json", ReferenceTree),
        ("merkle_inclusion_probes.json", vectors => Each(vectors, "vectors", Inclusion)),
        ("merkle_consistency_probes.json", vectors => Each(vectors, "vectors", Consistency)),
        ("signed_note.json", Notes),
        ("checkpoint_parse.json", vectors => Each(vectors, "cases", CheckpointText)),
    ];

    public static async Task<bool> RunAsync(string folder, TextWriter report)
    {
        var (passed, failed) = (0, 0);
        foreach (var (file, check) in Checks)
        {
            using var vectors = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder, file)));
            var outcomes = check(vectors.RootElement).ToList();
            await report.WriteLineAsync($"{file}: {outcomes.Count(o => o.Passed)} passed, {outcomes.Count(o => !o.Passed)} failed");
            foreach (var outcome in outcomes.Where(o => !o.Passed || o.Remark is not null))
                await report.WriteLineAsync($"  {(outcome.Passed ? "remark" : "FAILED")}: {outcome.Name}{(outcome.Remark is null ? "" : ": " + outcome.Remark)}");
            passed += outcomes.Count(o => o.Passed);
            failed += outcomes.Count(o => !o.Passed);
        }

        await report.WriteLineAsync($"{passed} passed, {failed} failed");
        return failed == 0 && passed > 0;
    }

    private static IEnumerable<Outcome> Each(JsonElement vectors, string list, Func<JsonElement, Outcome> check) =>
        vectors.GetProperty(list).EnumerateArray().Select(check);

    private static IEnumerable<Outcome> ReferenceTree(JsonElement vectors)
    {
        var hasher = vectors.GetProperty("hasher");
        var leafOf = hasher.GetProperty("leaf");
        yield return new("empty root", MerkleTree.EmptyRoot == Hash(hasher.GetProperty("empty_root")));
        yield return new("empty leaf", MerkleTree.HashLeaf([]) == Hash(hasher.GetProperty("leaf_empty")));
        yield return new("leaf", MerkleTree.HashLeaf(Encoding.ASCII.GetBytes(leafOf.GetProperty("data_ascii").GetString()!)) == Hash(leafOf.GetProperty("hash")));

        var leaves = vectors.GetProperty("leaves").EnumerateArray().Select(leaf => MerkleTree.HashLeaf(Convert.FromHexString(leaf.GetString()!))).ToList();
        var tree = new MerkleLevels();
        var roots = vectors.GetProperty("roots_by_size").EnumerateArray().Select(Hash).ToList();
        var frontiers = vectors.GetProperty("compact_range_frontier_by_size").EnumerateArray().Select(Hashes).ToList();
        for (var size = 0; size <= leaves.Count; size++)
        {
            yield return new($"root of size {size}", tree.Frontier.Root() == roots[size]);
            yield return new($"frontier of size {size}", tree.Frontier.Hashes.SequenceEqual(frontiers[size]));
            if (size < leaves.Count) tree.Append(leaves[size]);
        }

        var nodes = vectors.GetProperty("node_hashes_by_level").EnumerateArray().Select(Hashes).ToList();
        for (var level = 0; level < nodes.Count; level++)
        {
            for (var i = 0; i < nodes[level].Length; i++)
                yield return new($"node {i} of level {level}", nodes[level][i] == (level == 0 ? leaves[i] : MerkleTree.HashNode(nodes[level - 1][2 * i], nodes[level - 1][2 * i + 1])));
        }

        foreach (var vector in vectors.GetProperty("inclusion_proofs").EnumerateArray())
        {
            var (index, size) = (vector.GetProperty("index").GetInt32(), vector.GetProperty("size").GetInt32());
            var proof = Built(InclusionProof.BuildAsync(tree, index, size));
            yield return new($"inclusion of {index} in {size}", proof.Hashes.SequenceEqual(Hashes(vector.GetProperty("proof"))) && proof.Verify(leaves[index], roots[size]));
        }

        foreach (var vector in vectors.GetProperty("consistency_proofs").EnumerateArray())
        {
            var (old, size) = (vector.GetProperty("size1").GetInt32(), vector.GetProperty("size2").GetInt32());
            var proof = Built(ConsistencyProof.BuildAsync(tree, old, size));
            yield return new($"consistency of {old} and {size}", proof.Hashes.SequenceEqual(Hashes(vector.GetProperty("proof"))) && proof.Verify(roots[old], roots[size]));
        }
    }

    private static Outcome Inclusion(JsonElement vector)
    {
        var accepted = TryHash(vector.GetProperty("leafHash"), out var leaf) & TryHash(vector.GetProperty("root"), out var root)
            && IsAccepted(() => InclusionProof.Parse(ProofBytes("EI1\0", vector.GetProperty("leafIdx"), vector.GetProperty("treeSize"), vector.GetProperty("proof"))).Verify(leaf, root));
        return new(vector.GetProperty("file").GetString()!, accepted != vector.GetProperty("wantErr").GetBoolean());
    }

    private static Outcome Consistency(JsonElement vector)
    {
        var areHashes = TryHash(vector.GetProperty("root1"), out var oldRoot) & TryHash(vector.GetProperty("root2"), out var newRoot);
        var accepted = areHashes && IsAccepted(() => ConsistencyProof.Parse(ProofBytes("EC1\0", vector.GetProperty("size1"), vector.GetProperty("size2"), vector.GetProperty("proof"))).Verify(oldRoot, newRoot));
        var name = vector.GetProperty("file").GetString()!;
        var expected = !vector.GetProperty("wantErr").GetBoolean();
        return expected && !areHashes ? new(name, !accepted, "its roots do not have 32 bytes, and so are refused") : new(name, accepted == expected);
    }

    private static IEnumerable<Outcome> Notes(JsonElement vectors)
    {
        foreach (var key in vectors.GetProperty("bad_vkeys").EnumerateArray()) yield return new($"key {key}", !IsAccepted(() => NoteKey.Parse(key.GetString()!) is not null));
        foreach (var vector in vectors.GetProperty("vectors").EnumerateArray())
        {
            var verifiers = vector.GetProperty("vkey").EnumerateArray().Select(key => NoteKey.Parse(key.GetString()!)).ToList();
            var text = vector.GetProperty("note").GetString()!;
            var accepted = IsAccepted(() =>
            {
                var note = SignedNote.Parse(text);
                note.Verify(verifiers);
                return note.Text == vector.GetProperty("text").GetString() && note.ToString() == text;
            });
            yield return new(vector.GetProperty("name").GetString()!, accepted == vector.GetProperty("ok").GetBoolean());
        }
    }

    /// <summary>The vectors have roots of any length and blank lines, which the format does not allow; with a root of 32 bytes, only the latter are refused.</summary>
    private static Outcome CheckpointText(JsonElement vector)
    {
        var (name, text, expected) = (vector.GetProperty("desc").GetString()!, vector.GetProperty("input").GetString()!, vector.GetProperty("ok").GetBoolean());
        var accepted = IsAccepted(() => Checkpoint.Parse(text).ToString() == text);
        if (!expected) return new(name, !accepted);
        var lines = text.Split('\n');
        lines[2] = Convert.ToBase64String(MerkleTree.HashLeaf([]).Bytes);
        var mended = string.Join('\n', lines);
        var hasBlankLine = Array.IndexOf(lines, "") < lines.Length - 1;
        return new(name, !accepted && IsAccepted(() => Checkpoint.Parse(mended).ToString() == mended) == !hasBlankLine, hasBlankLine
            ? "refused for its root and, with a root of 32 bytes, for its blank lines"
            : "refused for its root, and accepted with a root of 32 bytes");
    }

    private static bool IsAccepted(Func<bool> check)
    {
        try
        {
            return check();
        }
        catch (EventSourcingException)
        {
            return false;
        }
        catch (ArgumentException) // by the constructor of a hash that does not have 32 bytes
        {
            return false;
        }
    }

    private static byte[] ProofBytes(string tag, JsonElement first, JsonElement second, JsonElement hashes)
    {
        var bytes = new byte[20];
        Encoding.ASCII.GetBytes(tag, bytes);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(4), first.GetUInt64());
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(12), second.GetUInt64());
        return [.. bytes, .. hashes.EnumerateArray().SelectMany(hash => Hash(hash).Bytes.ToArray())];
    }

    private static bool TryHash(JsonElement hex, out MerkleHash hash)
    {
        var bytes = Convert.FromHexString(hex.GetString()!);
        hash = bytes.Length == MerkleHash.Length ? new MerkleHash(bytes) : default;
        return bytes.Length == MerkleHash.Length;
    }

    private static MerkleHash Hash(JsonElement hex) => new(Convert.FromHexString(hex.GetString()!));

    private static MerkleHash[] Hashes(JsonElement list) => [.. list.EnumerateArray().Select(Hash)];

    /// <summary>A tree in memory answers at once.</summary>
    private static T Built<T>(ValueTask<T> proof) => proof.IsCompletedSuccessfully ? proof.Result : throw new InvalidOperationException("The tree in memory did not answer at once.");

    private sealed record Outcome(string Name, bool Passed, string? Remark = null);
}
