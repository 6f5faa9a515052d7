namespace EventSourcing;

/// <summary>
/// Erases payloads within the writer's transaction, so that the file holds no copy of them once the transaction is in the
/// file. Within pages, SQLite overwrites freed bytes with zeros, as it always does on our writing connections; here it also
/// overwrites whole freed pages. The writer removes what the write-ahead log still holds.
/// </summary>
internal static class Eraser
{
    /// <summary>Whether the event at a position exists and may be erased.</summary>
    public static bool CanErase(Database database, long position) =>
        database.Prepare("SELECT t.name <> ?2 FROM events e JOIN event_types t ON t.id = e.type WHERE e.position = ?1")
            .Bind(1, position).Bind(2, PayloadsErased.TypeName).Scalar() == 1;

    /// <summary>Erases payloads. Payloads that are already erased stay erased.</summary>
    /// <returns>Whether any was not erased yet.</returns>
    public static bool Erase(Database database, IReadOnlyCollection<long> positions)
    {
        var hasErased = false;
        database.Execute("PRAGMA secure_delete = ON");
        var select = database.Prepare("SELECT seal, data FROM events WHERE position = ?1");
        var update = database.Prepare("UPDATE events SET seal = ?2, data = x'' WHERE position = ?1");
        foreach (var position in positions)
        {
            select.Bind(1, position);
            var commitment = select.Step() && select.Bytes(0) is { Length: LedgerLeaf.SaltLength } salt
                ? LedgerLeaf.CommitToData(salt, select.Bytes(1))
                : (MerkleHash?)null;
            select.Reset();
            if (commitment is not { } hash) continue;
            update.Bind(1, position).Bind(2, hash.Bytes).Run();
            hasErased = true;
        }

        Opening.OverwriteWhatIsFreed(database);
        return hasErased;
    }
}
