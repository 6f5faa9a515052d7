using System.CommandLine;
using EventSourcing;
using EventSourcing.Ledger;
using EventSourcing.Storage;
using Microsoft.Data.Sqlite;

namespace Banking;

/// <summary>
/// <c>cover-up</c>: no part of a bank, but what somebody would write who has edited its file and knows of the tree. It is there
/// so that the story in the README can be tried out.
/// </summary>
internal static class CoverUpCommand
{
    public static Command Create()
    {
        var files = new BankFileOptions();
        var command = new Command("cover-up", "Computes the tree of an edited database anew, so that the file agrees with itself.") { files.Database };
        command.Hidden = true;
        command.SetAction((arguments, cancellationToken) => RunAsync(BankFiles.Beside(arguments.GetRequiredValue(files.Database)), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(BankFiles files, CancellationToken cancellationToken)
    {
        if (files.IsOnServer) throw new CannotRunException("cover-up edits a SQLite file. Give one with --db.");
        var frontier = new MerkleFrontier();
        var tiles = new List<MerkleTile>();
        var marks = new List<byte>();
        await using (var store = Bank.OpenUnchecked(files))
        {
            var isEnd = false;
            while (!isEnd)
            {
                using var page = await store.Storage.ReadLogAsync(new LogRead { After = frontier.Size, WithSeals = true }, cancellationToken);
                foreach (ref readonly var e in page.Events) AddLeaf(e.ToLeaf().Hash());
                isEnd = page.IsEnd;
            }
        }

        await WriteAsync(files.Database, frontier, tiles, [.. marks], cancellationToken);
        Console.Out.WriteLine($"The tree of {files.Database} is that of its events again.");
        return ExitCode.Ok;

        void AddLeaf(in MerkleHash leaf)
        {
            frontier.Append(leaf, tiles);
            marks.AddRange(leaf.Bytes[..LedgerAudit.LeafMarkLength]);
        }
    }

    private static async Task WriteAsync(string database, MerkleFrontier frontier, List<MerkleTile> tiles, byte[] marks, CancellationToken cancellationToken)
    {
        const int marksOfTile = MerkleTree.TileWidth * LedgerAudit.LeafMarkLength;
        await using var connection = new SqliteConnection($"Data Source={database};Pooling=False");
        await connection.OpenAsync(cancellationToken);
        var triggers = await DropTriggersAsync();
        foreach (var tile in tiles)
        {
            await ExecuteAsync("UPDATE ledger_tiles SET hash = $1 WHERE level = $2 AND number = $3", tile.Hash.Bytes.ToArray(), tile.Level, tile.Index);
            if (tile.Level == 1) await ExecuteAsync("UPDATE ledger_marks SET marks = $1 WHERE tile = $2", marks.AsSpan((int)tile.Index * marksOfTile, marksOfTile).ToArray(), tile.Index);
        }

        await ExecuteAsync("UPDATE ledger SET frontier = $1, marks = $2", frontier.ToBytes(), marks[(marks.Length / marksOfTile * marksOfTile)..]);
        foreach (var trigger in triggers) await ExecuteAsync(trigger);

        async Task<List<string>> DropTriggersAsync()
        {
            await using var command = connection.CreateCommand();
            command.CommandText = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name IN ('ledger_tiles', 'ledger_marks')";
            var found = new List<(string Name, string Sql)>();
            await using (var rows = await command.ExecuteReaderAsync(cancellationToken))
            {
                while (await rows.ReadAsync(cancellationToken)) found.Add((rows.GetString(0), rows.GetString(1)));
            }

            foreach (var (name, _) in found) await ExecuteAsync($"DROP TRIGGER {name}");
            return [.. found.Select(trigger => trigger.Sql)];
        }

        async Task ExecuteAsync(string sql, params object[] values)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = sql;
            for (var i = 0; i < values.Length; i++) command.Parameters.AddWithValue($"${i + 1}", values[i]);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
