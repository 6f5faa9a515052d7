using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace EventSourcing.Tests.Auditing;

public sealed class FileCheckpointSinkTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("es-tests-");

    private string File => Path.Combine(_folder.FullName, "checkpoints");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Read_without_a_file_finds_none_and_makes_none()
    {
        (await new FileCheckpointSink(File).ReadNewestAsync()).Should().BeNull();
        System.IO.File.Exists(File).Should().BeFalse();
        await FluentActions.Awaiting(() => new FileCheckpointSink(Path.Combine(File, "nowhere", "checkpoints")).ReadNewestAsync().AsTask()).Should().ThrowAsync<IOException>();
    }

    [Theory(Timeout = 30_000)]
    [InlineData("pipe")]
    [InlineData("link")]
    [InlineData("socket")]
    [InlineData("device")]
    [InlineData("folder")]
    public async Task Use_a_path_that_is_not_of_a_file_is_refused_before_it_is_opened(string kind)
    {
        if (OperatingSystem.IsWindows()) return;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var path = kind == "device" ? "/dev/zero" : File;
        if (kind == "folder") Directory.CreateDirectory(File);
        if (kind == "socket") socket.Bind(new UnixDomainSocketEndPoint(File));
        if (kind == "pipe") await MakePipeAsync(File);
        if (kind == "link")
        {
            await MakePipeAsync(File + "-pipe");
            System.IO.File.CreateSymbolicLink(File, File + "-pipe");
        }

        var sink = new FileCheckpointSink(path);

        // Nobody is at the other end of the pipe: to open it would take for ever.
        (await FluentActions.Awaiting(() => sink.ReadNewestAsync().AsTask()).Should().ThrowAsync<IOException>()).WithMessage($"*'{path}'*not a file*");
        await FluentActions.Awaiting(async () => await sink.ReadAllAsync().ToListAsync()).Should().ThrowAsync<IOException>();
        var note = await Ledgers.NoteAsync(1);
        await FluentActions.Awaiting(() => sink.TryWriteAsync(note, null).AsTask()).Should().ThrowAsync<IOException>();
    }

    [Fact]
    public async Task Use_a_symbolic_link_to_a_file_that_is_not_there_yet_makes_that_file_and_reads_it()
    {
        if (OperatingSystem.IsWindows()) return;
        System.IO.File.CreateSymbolicLink(File, File + "-target");
        var sink = new FileCheckpointSink(File);
        var note = await Ledgers.NoteAsync(1);

        (await sink.ReadNewestAsync()).Should().BeNull();
        (await sink.TryWriteAsync(note, null)).Should().BeTrue();

        (await new FileCheckpointSink(File + "-target").ReadNewestAsync())!.ToString().Should().Be(note.ToString());
        (await sink.ReadNewestAsync())!.ToString().Should().Be(note.ToString());
    }

    [Fact]
    public async Task Write_makes_a_note_the_newest_and_keeps_those_before_it()
    {
        var sink = new FileCheckpointSink(File);
        var notes = await WriteAsync(sink, 1, 2, 3);
        (await new FileCheckpointSink(File).ReadNewestAsync())!.ToString().Should().Be(notes[2].ToString());
        (await System.IO.File.ReadAllTextAsync(File)).Should().Be(string.Concat(notes.Select(note => $"\u0002{note}\u0003\n")));
        if (!OperatingSystem.IsWindows()) System.IO.File.GetUnixFileMode(File).Should().NotHaveFlag(UnixFileMode.GroupWrite).And.NotHaveFlag(UnixFileMode.OtherWrite);
    }

    [Fact]
    public async Task Write_after_another_than_the_newest_writes_nothing()
    {
        var sink = new FileCheckpointSink(File);
        var notes = await WriteAsync(sink, 1, 2);
        (await sink.TryWriteAsync(await Ledgers.NoteAsync(3), null)).Should().BeFalse();
        (await sink.TryWriteAsync(await Ledgers.NoteAsync(3), notes[0])).Should().BeFalse();
        Ledgers.SizeOf(await sink.ReadNewestAsync()).Should().Be(2);
    }

    [Fact]
    public async Task Read_after_a_write_was_cut_short_anywhere_finds_the_note_before_and_the_next_write_counts()
    {
        var sink = new FileCheckpointSink(File);
        await WriteAsync(sink, 1, 2);
        var before = new FileInfo(File).Length;
        await WriteAsync(sink, 3);
        var whole = await System.IO.File.ReadAllBytesAsync(File);
        for (var length = before; length < whole.Length - 1; length++)
        {
            await System.IO.File.WriteAllBytesAsync(File, whole[..(int)length]);
            Ledgers.SizeOf(await sink.ReadNewestAsync()).Should().Be(2, $"{whole.Length - length} bytes are missing");
            await WriteAsync(sink, 4);
            Ledgers.SizeOf(await sink.ReadNewestAsync()).Should().Be(4, $"it was written after a record of which {whole.Length - length} bytes are missing");
        }

        await System.IO.File.WriteAllBytesAsync(File, whole[..^1]);
        Ledgers.SizeOf(await sink.ReadNewestAsync()).Should().Be(3, "only the line feed between records is missing");
    }

    [Fact]
    public async Task Read_after_a_first_write_was_cut_short_finds_none()
    {
        var sink = new FileCheckpointSink(File);
        await WriteAsync(sink, 1);
        var whole = await System.IO.File.ReadAllBytesAsync(File);
        for (var length = 0; length < whole.Length - 2; length++)
        {
            await System.IO.File.WriteAllBytesAsync(File, whole[..length]);
            (await sink.ReadNewestAsync()).Should().BeNull();
        }
    }

    [Fact]
    public async Task Read_after_a_loss_of_power_that_left_zeros_finds_the_note_before()
    {
        var sink = new FileCheckpointSink(File);
        await WriteAsync(sink, 1);
        var before = (int)new FileInfo(File).Length;
        await WriteAsync(sink, 2);
        var whole = await System.IO.File.ReadAllBytesAsync(File);
        Array.Clear(whole, before + 10, 40);
        await System.IO.File.WriteAllBytesAsync(File, whole);
        Ledgers.SizeOf(await sink.ReadNewestAsync()).Should().Be(1);
        await System.IO.File.WriteAllBytesAsync(File, [.. whole, .. new byte[10_000]]);
        Ledgers.SizeOf(await sink.ReadNewestAsync()).Should().Be(1);
    }

    [Fact]
    public async Task Read_after_a_loss_of_power_that_left_zeros_for_the_beginning_of_a_record_finds_the_note_before()
    {
        var sink = new FileCheckpointSink(File);
        await WriteAsync(sink, 1, 2);
        var before = (int)new FileInfo(File).Length;
        await WriteAsync(sink, 3);
        var whole = await System.IO.File.ReadAllBytesAsync(File);
        Array.Clear(whole, before, 40); // the sector with the record's first bytes has not reached the disk, that with its last has
        await System.IO.File.WriteAllBytesAsync(File, whole);
        Ledgers.SizeOf(await sink.ReadNewestAsync()).Should().Be(2);
        (await SizesAsync(sink)).Should().Equal(1, 2);
        await WriteAsync(sink, 4);
        Ledgers.SizeOf(await sink.ReadNewestAsync()).Should().Be(4);
    }

    [Fact]
    public async Task Read_of_a_whole_record_that_is_damaged_is_refused_and_nothing_is_written_after_it()
    {
        var sink = new FileCheckpointSink(File);
        await WriteAsync(sink, 1, 2);
        var whole = await System.IO.File.ReadAllBytesAsync(File);
        whole[^4] = (byte)'!';
        await System.IO.File.WriteAllBytesAsync(File, whole);
        await FluentActions.Awaiting(() => sink.ReadNewestAsync().AsTask()).Should().ThrowAsync<LedgerFormatException>();
        await FluentActions.Awaiting(async () => await sink.TryWriteAsync(await Ledgers.NoteAsync(3), null)).Should().ThrowAsync<LedgerFormatException>();
        (await System.IO.File.ReadAllBytesAsync(File)).Should().Equal(whole);
    }

    [Fact]
    public async Task Read_and_write_of_a_file_that_is_something_else_are_refused_and_leave_it_alone()
    {
        var sink = new FileCheckpointSink(File);
        foreach (var text in new[] { "some text\n", "SQLite format 3\0\u0002\u0001", (await Ledgers.NoteAsync(1)).ToString() })
        {
            await System.IO.File.WriteAllTextAsync(File, text);
            await FluentActions.Awaiting(() => sink.ReadNewestAsync().AsTask()).Should().ThrowAsync<LedgerFormatException>();
            await FluentActions.Awaiting(async () => await sink.TryWriteAsync(await Ledgers.NoteAsync(3), null)).Should().ThrowAsync<LedgerFormatException>();
            (await System.IO.File.ReadAllTextAsync(File)).Should().Be(text);
        }
    }

    [Fact]
    public async Task Read_of_a_long_file_reads_its_end_only()
    {
        var sink = new FileCheckpointSink(File);
        var record = Encoding.UTF8.GetBytes($"\u0002{await Ledgers.NoteAsync(1)}\u0003\n");
        await using (var file = System.IO.File.Create(File))
        {
            file.SetLength(4L << 30); // sparse: to read it all would take gigabytes of memory
            file.Seek(0, SeekOrigin.End);
            await file.WriteAsync(record);
        }

        Ledgers.SizeOf(await sink.ReadNewestAsync()).Should().Be(1);
        await WriteAsync(sink, 2);
        Ledgers.SizeOf(await sink.ReadNewestAsync()).Should().Be(2);
    }

    [Fact]
    public async Task Read_all_gives_the_notes_in_the_order_in_which_they_were_written()
    {
        var sink = new FileCheckpointSink(File);
        (await SizesAsync(sink)).Should().BeEmpty("there is no file");
        System.IO.File.Exists(File).Should().BeFalse();
        await WriteAsync(sink, 1, 3, 2);
        (await SizesAsync(sink)).Should().Equal(1, 3, 2);
    }

    [Fact]
    public async Task Read_all_passes_over_records_that_do_not_count()
    {
        var sink = new FileCheckpointSink(File);
        await WriteAsync(sink, 1);
        var whole = await System.IO.File.ReadAllBytesAsync(File);
        byte[] zeroed = [.. whole];
        Array.Clear(zeroed, 10, 40);
        await System.IO.File.WriteAllBytesAsync(File, [.. whole, .. zeroed, .. new byte[5000], .. whole[..20], .. whole, .. whole[..30]]);
        (await SizesAsync(sink)).Should().Equal(1, 1);
    }

    [Fact]
    public async Task Read_all_of_a_file_longer_than_is_read_at_once_gives_every_note()
    {
        var record = Encoding.UTF8.GetBytes($"\u0002{await Ledgers.NoteAsync(1)}\u0003\n");
        var count = (9 * SignedNote.MaxBytes / record.Length) + 1;
        await using (var file = System.IO.File.Create(File))
        {
            for (var i = 0; i < count; i++) await file.WriteAsync(record);
        }

        (await SizesAsync(new FileCheckpointSink(File))).Should().HaveCount(count).And.OnlyContain(size => size == 1);
    }

    [Fact]
    public async Task Read_all_of_what_is_no_checkpoint_is_refused()
    {
        var sink = new FileCheckpointSink(File);
        await System.IO.File.WriteAllTextAsync(File, "some text\n");
        await FluentActions.Awaiting(() => SizesAsync(sink)).Should().ThrowAsync<LedgerFormatException>();
        await System.IO.File.WriteAllTextAsync(File, $"\u0002{await Ledgers.NoteAsync(1)}\u0003\n\u0002no note\u0003\n");
        await FluentActions.Awaiting(() => SizesAsync(sink)).Should().ThrowAsync<LedgerFormatException>();
        await System.IO.File.WriteAllBytesAsync(File, new byte[5 * SignedNote.MaxBytes]);
        await FluentActions.Awaiting(() => SizesAsync(sink)).Should().ThrowAsync<LedgerFormatException>("memory stays bounded");
    }

    [Fact]
    public async Task Write_by_many_at_once_keeps_every_note_that_was_accepted_and_never_tears_one()
    {
        var written = await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            var sink = new FileCheckpointSink(File);
            var sizes = new List<long>();
            for (var i = 0; i < 10; i++)
            {
                var newest = await sink.ReadNewestAsync();
                var note = await Ledgers.NoteAsync((writer * 100) + i + 1);
                if (await sink.TryWriteAsync(note, newest)) sizes.Add(Ledgers.SizeOf(note));
            }

            return sizes;
        })));
        var records = (await System.IO.File.ReadAllTextAsync(File)).Split("\u0003\n", StringSplitOptions.RemoveEmptyEntries);
        records.Select(record => Ledgers.SizeOf(SignedNote.Parse(record[1..]))).Should().BeEquivalentTo(written.SelectMany(sizes => sizes)).And.NotBeEmpty();
    }

    private static async Task MakePipeAsync(string path)
    {
        using var process = Process.Start("mkfifo", [path]);
        await process.WaitForExitAsync();
        process.ExitCode.Should().Be(0);
    }

    private static async Task<List<long>> SizesAsync(FileCheckpointSink sink)
    {
        var sizes = new List<long>();
        await foreach (var note in sink.ReadAllAsync()) sizes.Add(Ledgers.SizeOf(note));
        return sizes;
    }

    private static async Task<List<SignedNote>> WriteAsync(FileCheckpointSink sink, params long[] sizes)
    {
        var notes = new List<SignedNote>();
        foreach (var size in sizes)
        {
            notes.Add(await Ledgers.NoteAsync(size));
            (await sink.TryWriteAsync(notes[^1], await sink.ReadNewestAsync())).Should().BeTrue();
        }

        return notes;
    }
}
