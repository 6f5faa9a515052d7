using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace EventSourcing.Crash;

/// <summary>The event of the stores that are projected.</summary>
internal sealed record Noted(int Writer, int Number);

/// <summary>Stores of <see cref="Noted"/> events, and what follows their log.</summary>
internal static class Notes
{
    public static EventStore Open(string path) => new(new SqliteEventStorage(path), new EventTypes(EventType.Of<Noted>("noted")));
}

/// <summary>
/// What a document knows of the events that it was folded from: enough to show that one was left out, came twice or came
/// in another order.
/// </summary>
/// <param name="Count">How many there were.</param>
/// <param name="Last">The number of the last: its position or, for one stream, its version.</param>
/// <param name="Breaks">How many did not follow on the one before.</param>
/// <param name="Checksum">Of all positions in their order.</param>
internal sealed record LedgerPage(long Count, long Last, long Breaks, ulong Checksum)
{
    private const ulong FnvOffset = 14695981039346656037;
    private const ulong FnvPrime = 1099511628211;

    public static LedgerPage Empty { get; } = new(0, 0, 0, FnvOffset);

    public LedgerPage With(long position, long number) => new(
        Count + 1, number, Breaks + (number == Last + 1 ? 0 : 1), unchecked((Checksum ^ (ulong)position) * FnvPrime));
}

/// <summary>Two documents per event: that of its stream, and one for the whole log.</summary>
internal sealed partial class Ledger : Projection<LedgerPage>
{
    public const string Whole = "whole";
    private static readonly DocumentField<LedgerPage, long> Count = new("Count", page => page.Count);

    public override IReadOnlyList<DocumentField<LedgerPage>> Fields => [Count];

    private static IEnumerable<string> Keys(Noted _, RecordedEvent recorded) => [recorded.Stream, Whole];

    private static LedgerPage Apply(LedgerPage? page, string key, Noted _, RecordedEvent recorded) =>
        (page ?? LedgerPage.Empty).With(recorded.Position, key == Whole ? recorded.Position : recorded.Version);
}

/// <summary>A row per event, which counts how often it came, and by which process it was written.</summary>
internal sealed partial class Lines : TableProjection
{
    public const string Table = "lines";

    public Lines()
        : base(Table)
    {
    }

    protected override ValueTask CreateAsync(ProjectionTables tables, CancellationToken cancellationToken) => tables.ExecuteAsync(
        $"CREATE TABLE {tables[Table]} (position INTEGER PRIMARY KEY, stream TEXT NOT NULL, version INTEGER NOT NULL, times INTEGER NOT NULL, process INTEGER NOT NULL)",
        [],
        cancellationToken);

    private static ValueTask Apply(ProjectionTables tables, Noted _, RecordedEvent recorded, CancellationToken cancellationToken) => tables.ExecuteAsync(
        $"INSERT INTO {tables[Table]} (position, stream, version, times, process) VALUES ($1, $2, $3, 1, $4) ON CONFLICT (position) DO UPDATE SET times = times + 1",
        [recorded.Position, recorded.Stream, recorded.Version, Environment.ProcessId],
        cancellationToken);
}

/// <summary>Writes what it is delivered to the end of a file that all processes share, each line with one call to the kernel.</summary>
internal sealed class Post : Reactor, IDisposable
{
    private readonly SafeFileHandle _file;

    public Post(string path)
    {
        _file = Signals.OpenToAppend(path);
        On<Noted>((_, delivery, _) =>
        {
            var e = delivery.Event;
            var line = string.Create(CultureInfo.InvariantCulture, $"D {e.Position} {e.Stream} {e.Version} {delivery.Id:N} .\n");
            RandomAccess.Write(_file, System.Text.Encoding.ASCII.GetBytes(line), 0); // at the end, wherever it says: the file was opened so
            return Task.CompletedTask;
        });
    }

    public override StartFrom Start => StartFrom.Beginning;

    public void Dispose() => _file.Dispose();
}
