namespace EventSourcing;

/// <summary>A projection's documents and checkpoint waiting to be committed.</summary>
internal sealed class ReadModelWork(ReadModelCommit commit) : WriteWork<bool>
{
    public override int Weight => commit.Changes.Count;

    protected override bool Result => true;

    public override bool Check(Writer writer, bool lookForRepetition)
    {
        var actual = writer.Database.Prepare("SELECT checkpoint FROM projections WHERE name = ?1").Bind(1, commit.Projection).Scalar() ?? 0;
        return actual == commit.ExpectedCheckpoint ? true : throw new CheckpointConflictException(commit.Projection, commit.ExpectedCheckpoint, actual);
    }

    public override void Write(Writer writer)
    {
        var database = writer.Database;
        var projection = database.Prepare("INSERT INTO projections (name, checkpoint) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET checkpoint = excluded.checkpoint RETURNING id")
            .Bind(1, commit.Projection).Bind(2, commit.Checkpoint).Scalar()!.Value;
        var upsert = database.Prepare("INSERT INTO documents (projection, key, data) VALUES (?1, ?2, ?3) ON CONFLICT (projection, key) DO UPDATE SET data = excluded.data").Bind(1, projection);
        var delete = database.Prepare("DELETE FROM documents WHERE projection = ?1 AND key = ?2").Bind(1, projection);
        for (var i = 0; i < commit.Changes.Count; i++)
        {
            var change = commit.Changes[i];
            if (change.Data is { } data) upsert.Bind(2, change.Key).Bind(3, data.Span).Run();
            else delete.Bind(2, change.Key).Run();
        }
    }
}
