using System.Text;

namespace EventSourcing.Crash;

/// <summary>One call as native/faults.c has recorded it.</summary>
/// <param name="Kind">C created, U removed, W written, T cut, S synced, D folder synced, A acknowledged.</param>
/// <param name="File">The file's inode.</param>
/// <param name="Number">The offset, or the size to which it was cut.</param>
/// <param name="Bytes">What was written, the name, or the acknowledgement.</param>
internal readonly record struct JournalRecord(char Kind, ulong File, ulong Number, byte[] Bytes)
{
    public string Text => Encoding.UTF8.GetString(Bytes);

    public static List<JournalRecord> ReadAll(string path)
    {
        var records = new List<JournalRecord>();
        using var reader = new BinaryReader(System.IO.File.OpenRead(path));
        for (var length = reader.BaseStream.Length; reader.BaseStream.Position < length;)
        {
            var kind = (char)reader.ReadByte();
            var file = reader.ReadUInt64();
            var number = reader.ReadUInt64();
            records.Add(new JournalRecord(kind, file, number, reader.ReadBytes(reader.ReadInt32())));
        }

        return records;
    }
}
