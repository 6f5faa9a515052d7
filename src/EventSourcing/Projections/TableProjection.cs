using System.Data.Common;

namespace EventSourcing;

/// <summary>
/// Folds events into tables of your own, by SQL in the projection's transaction: plain ADO.NET, so Dapper and similar libraries work
/// on its connection. It needs a storage with tables (<see cref="IReadModelStorage.Tables"/>). The constructor calls <c>On</c> to
/// say what each event does.
/// </summary>
/// <example>
/// <code>
/// public sealed class Sales : TableProjection
/// {
///     public Sales() : base("sales")
///     {
///         On&lt;ItemSold&gt;((tables, e, recorded, ct) =&gt; tables.ExecuteAsync(
///             $"INSERT INTO {tables["sales"]} (item, count) VALUES ($1, 1) " +
///             "ON CONFLICT (item) DO UPDATE SET count = count + 1", [e.Item], ct));
///     }
///
///     protected override ValueTask CreateAsync(ProjectionTables tables, CancellationToken ct) =&gt; tables.ExecuteAsync(
///         $"CREATE TABLE {tables["sales"]} (item TEXT PRIMARY KEY, count INTEGER NOT NULL)", [], ct);
/// }
/// </code>
/// </example>
public abstract class TableProjection : Projection
{
    /// <summary>Fits into the 63 bytes that databases allow; the number of a rebuild is made to fit too.</summary>
    private const int MaxTableNameLength = 60;

    private readonly Dictionary<Type, Func<ProjectionTables, RecordedEvent, CancellationToken, ValueTask>> _handlers = [];
    private readonly IReadOnlyList<string> _tables;
    private Func<ProjectionTables, RecordedEvent, CancellationToken, ValueTask>? _anyHandler;

    /// <summary>Names the tables.</summary>
    /// <param name="tables">Their names, each once: 1–60 letters, digits and underscores of ASCII, not beginning with a digit.</param>
    protected TableProjection(params IReadOnlyList<string> tables)
    {
        ArgumentNullException.ThrowIfNull(tables);
        _tables = [.. tables];
    }

    /// <summary>The names of the tables, by which the app reads them.</summary>
    public IReadOnlyList<string> Tables => _tables;

    /// <summary>Creates the tables and their indices, empty. Called before the log is folded, in a transaction.</summary>
    /// <param name="tables">The connection, and the name of each table while it is built.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    /// <returns>A task that completes when they exist.</returns>
    protected abstract ValueTask CreateAsync(ProjectionTables tables, CancellationToken cancellationToken);

    /// <summary>Says what an event does to the tables.</summary>
    /// <typeparam name="TEvent">The event's type.</typeparam>
    /// <param name="apply">Runs the SQL. Any other effect is not undone with the transaction, and may be repeated.</param>
    /// <exception cref="ArgumentException">There is a handler for that event.</exception>
    protected void On<TEvent>(Func<ProjectionTables, TEvent, RecordedEvent, CancellationToken, ValueTask> apply)
        where TEvent : notnull
    {
        ArgumentNullException.ThrowIfNull(apply);
        Declare(typeof(TEvent));
        _handlers.Add(typeof(TEvent), (tables, e, cancellationToken) => apply(tables, (TEvent)e.Data, e, cancellationToken));
    }

    /// <summary>Says what any event does that has no handler of its own.</summary>
    /// <param name="apply">Runs the SQL, as above.</param>
    /// <exception cref="ArgumentException">There is a handler for any event.</exception>
    protected void OnAny(Func<ProjectionTables, RecordedEvent, CancellationToken, ValueTask> apply)
    {
        ArgumentNullException.ThrowIfNull(apply);
        DeclareAny();
        _anyHandler = apply;
    }

    internal sealed override void Validate(EventStore store)
    {
        base.Validate(store);
        if (_tables.Count == 0)
            throw new ArgumentException($"The projection '{Name}' names no table. Name those that it writes in its constructor.");
        var support = SupportOf(store);
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var table in _tables)
        {
            if (FlawIn(table) is { } flaw)
                throw new ArgumentException($"The projection '{Name}' names a table '{Names.Printable(table ?? "")}'; {flaw}.");
            if (!names.Add(table))
            {
                throw new ArgumentException(
                    $"The projection '{Name}' names the table '{table}' twice; upper and lower case are the same here, as in SQL. "
                    + "Name each table once.");
            }

            if (support.FlawIn(table) is { } taken)
            {
                throw new ArgumentException(
                    $"The projection '{Name}' names a table '{table}', which {taken}. Name another one in its constructor, "
                    + $"for example '{Suggested(table)}'.");
            }
        }
    }

    /// <summary>What makes a name invalid in every storage; null if nothing does.</summary>
    private static string? FlawIn(string? table)
    {
        if (string.IsNullOrEmpty(table) || table.Length > MaxTableNameLength || char.IsAsciiDigit(table[0])
            || !table.All(c => char.IsAsciiLetterOrDigit(c) || c == '_'))
            return $"a table's name must be 1–{MaxTableNameLength} letters, digits and underscores of ASCII, not beginning with a digit";
        var stem = table.TrimEnd("0123456789".ToCharArray());
        return stem.Length < table.Length && stem.EndsWith("__", StringComparison.Ordinal)
            ? "names that end in two underscores and a number are kept for tables that are being rebuilt"
            : null;
    }

    private static string Suggested(string table) =>
        $"my_{(table.Length > MaxTableNameLength - 3 ? table[..(MaxTableNameLength - 3)] : table)}";

    private TableSupport SupportOf(EventStore store) => store.Storage.ReadModels.Tables ?? throw new NotSupportedException(
        $"The projection '{Name}' keeps tables, and {StorageWithoutTables(store)} has none. Use a storage with tables, e.g. "
        + "SqliteEventStorage, or keep documents: Projection<TDocument>.");

    /// <summary>The storage that has no tables. One storage may wrap another, and then it is not the outer one that lacks them.</summary>
    private static string StorageWithoutTables(EventStore store) =>
        store.Storage is InMemoryEventStorage || store.Storage.ReadModels is InMemoryReadModels
            ? nameof(InMemoryEventStorage)
            : "the storage of this store";

    internal sealed override IReadOnlyList<string> TableNames => _tables;

    internal sealed override string FingerprintOn(EventStore store) => Fingerprint.Of(this, store, _tables);

    internal sealed override ReadModelCommit Creation(EventStore store, int generation) => new()
    {
        Tables = async (connection, cancellationToken) =>
        {
            using var tables = new ProjectionTables(connection, SupportOf(store), _tables, generation);
            await tables.DropAllAsync(cancellationToken).ConfigureAwait(false);
            await CreateAsync(tables, cancellationToken).ConfigureAwait(false);
        },
    };

    private protected sealed override ReadModelCommit Placing(EventStore store, int generation) => new()
    {
        Tables = async (connection, cancellationToken) =>
        {
            // Until it is in place, a table's name has the number of its generation; then it has the name that the app reads.
            using var building = new ProjectionTables(connection, SupportOf(store), _tables, generation);
            using var inPlace = new ProjectionTables(connection, SupportOf(store), _tables, generation: 0);
            foreach (var table in _tables)
            {
                var rename = $"ALTER TABLE {building[table]} RENAME TO {inPlace[table]}";
                await inPlace.ExecuteAsync(rename, [], cancellationToken).ConfigureAwait(false);
            }
        },
    };

    internal sealed override ValueTask<Fold> FoldAsync(FoldInput input, CancellationToken cancellationToken)
    {
        var steps = new List<FeedEvent>(input.Events.Count);
        foreach (var e in input.Events)
        {
            var stream = new Partition(ParkedKind.Stream, e.Stream);
            if (input.Only is { } only && only != stream) continue;
            if (input.Only != stream && input.Parked.Holds(stream, e.Position)) continue;
            if (e.Failure is not null) throw new ProjectionFailedException(Name, e, e.Failure);
            steps.Add(e);
        }

        return ValueTask.FromResult(new Fold([], [], WorkFor(steps, input)));
    }

    private TableWork? WorkFor(List<FeedEvent> steps, FoldInput input) => steps.Count == 0 ? null : async (connection, cancellationToken) =>
    {
        using var tables = new ProjectionTables(connection, SupportOf(input.Store), _tables, input.IsBuilding ? input.Generation : 0);
        foreach (var e in steps)
        {
            input.Watch?.At(e.Position);
            try
            {
                for (var i = 0; i < e.PartCount; i++)
                {
                    var part = e.Part(i);
                    ThrowIfErased(part.Data);
                    if ((_handlers.GetValueOrDefault(part.Data.GetType()) ?? _anyHandler) is { } apply)
                        await apply(tables, part, cancellationToken).ConfigureAwait(false);
                }
            }
            catch (Exception failure) when (failure is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                if (await FindMissingAsync(tables, cancellationToken).ConfigureAwait(false) is { } missing)
                    throw new ReadModelDamagedException(Name, $"its table '{missing}' cannot be read", failure);
                throw new ProjectionFailedException(Name, e, failure);
            }
        }
    };

    /// <summary>The first table that is missing; null if none is, or if this transaction can no longer tell.</summary>
    private async ValueTask<string?> FindMissingAsync(ProjectionTables tables, CancellationToken cancellationToken)
    {
        if (!await CanReadAsync("SELECT 1").ConfigureAwait(false)) return null;
        foreach (var table in _tables)
        {
            if (!await CanReadAsync($"SELECT 1 FROM {tables[table]} WHERE 1 = 0").ConfigureAwait(false)) return table;
        }

        return null;

        async ValueTask<bool> CanReadAsync(string sql)
        {
            try
            {
                await tables.ExecuteAsync(sql, [], cancellationToken).ConfigureAwait(false);
                return true;
            }
            catch (Exception e) when (e is DbException or InvalidOperationException)
            {
                return false;
            }
        }
    }
}
