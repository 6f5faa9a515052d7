using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>
/// Folds events into a read model of documents: one typed value per key. The constructor calls <c>On</c> to say what each event does to
/// which documents.
/// </summary>
/// <example>
/// <code>
/// public sealed class Balances : Projection&lt;Balance&gt;
/// {
///     public Balances()
///     {
///         On&lt;AccountOpened&gt;((_, e) =&gt; new Balance(e.Owner, 0));
///         On&lt;MoneyDeposited&gt;((balance, e) =&gt; balance! with { Amount = balance.Amount + e.Amount });
///         On&lt;AccountClosed&gt;((_, _) =&gt; null);                                    // deletes the document
///         On&lt;Transferred&gt;(e =&gt; [e.From, e.To], (balance, key, e) =&gt; …);          // one event, two documents
///     }
/// }
/// </code>
/// </example>
/// <typeparam name="TDocument">The document: a type that JSON can write and read back.</typeparam>
public abstract class Projection<[DynamicallyAccessedMembers(EventType.JsonMembers)] TDocument> : Projection
    where TDocument : class
{
    // Created when it is first needed, since the base constructor declares generated handlers before this class is initialized.
    internal DocumentHandlers<TDocument> Handlers => field ??= new DocumentHandlers<TDocument>(this);

    /// <summary>Fields by which the documents can be found and ordered, each with an index; none by default.</summary>
    public virtual IReadOnlyList<DocumentField<TDocument>> Fields => [];

    /// <summary>
    /// Says what an event does to the document of its stream: the one whose key is the stream's id, <c>ann</c> for <c>account-ann</c>. If
    /// streams of several categories may share ids, choose other keys.
    /// </summary>
    /// <typeparam name="TEvent">The event's type.</typeparam>
    /// <param name="apply">
    /// Returns the document after the event. It gets the document before the event as a copy of its own, or <see langword="null"/> if there
    /// is none, and returns <see langword="null"/> to delete the document.
    /// </param>
    /// <exception cref="ArgumentException">There is a handler for that event.</exception>
    protected void On<TEvent>(Func<TDocument?, TEvent, TDocument?> apply)
        where TEvent : notnull
    {
        ArgumentNullException.ThrowIfNull(apply);
        Add<TEvent>(new(DocumentHandlers<TDocument>.StreamKey, null, (document, _, e) => apply(document, (TEvent)e.Data)));
    }

    /// <summary>
    /// Says what an event does to the document of its stream, from all that is recorded of the event: its position, instant, tags,
    /// metadata.
    /// </summary>
    /// <typeparam name="TEvent">The event's type.</typeparam>
    /// <param name="apply">Returns the document after the event, as above.</param>
    /// <exception cref="ArgumentException">There is a handler for that event.</exception>
    protected void On<TEvent>(Func<TDocument?, TEvent, RecordedEvent, TDocument?> apply)
        where TEvent : notnull
    {
        ArgumentNullException.ThrowIfNull(apply);
        Add<TEvent>(new(DocumentHandlers<TDocument>.StreamKey, null, (document, _, e) => apply(document, (TEvent)e.Data, e)));
    }

    /// <summary>Says what an event does to one document.</summary>
    /// <typeparam name="TEvent">The event's type.</typeparam>
    /// <param name="key">Returns the document's key: 1–200 characters, compared ordinally.</param>
    /// <param name="apply">Returns the document after the event, as above.</param>
    /// <exception cref="ArgumentException">There is a handler for that event.</exception>
    protected void On<TEvent>(Func<TEvent, string> key, Func<TDocument?, TEvent, TDocument?> apply)
        where TEvent : notnull
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(apply);
        Add<TEvent>(new(e => key((TEvent)e.Data), null, (document, _, e) => apply(document, (TEvent)e.Data)));
    }

    /// <summary>
    /// Says what an event does to one document, from all that is recorded of the event: its stream, position, instant, tags, metadata.
    /// </summary>
    /// <typeparam name="TEvent">The event's type.</typeparam>
    /// <param name="key">Returns the document's key, as above.</param>
    /// <param name="apply">Returns the document after the event, as above.</param>
    /// <exception cref="ArgumentException">There is a handler for that event.</exception>
    protected void On<TEvent>(Func<TEvent, RecordedEvent, string> key, Func<TDocument?, TEvent, RecordedEvent, TDocument?> apply)
        where TEvent : notnull
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(apply);
        Add<TEvent>(new(e => key((TEvent)e.Data, e), null, (document, _, e) => apply(document, (TEvent)e.Data, e)));
    }

    /// <summary>Says what an event does to several documents.</summary>
    /// <typeparam name="TEvent">The event's type.</typeparam>
    /// <param name="keys">Returns their keys: none to leave all as they are. A key given twice counts once.</param>
    /// <param name="apply">Returns the document of a key after the event, as above.</param>
    /// <exception cref="ArgumentException">There is a handler for that event.</exception>
    protected void On<TEvent>(Func<TEvent, IEnumerable<string>> keys, Func<TDocument?, string, TEvent, TDocument?> apply)
        where TEvent : notnull
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(apply);
        Add<TEvent>(new(null, e => keys((TEvent)e.Data), (document, key, e) => apply(document, key, (TEvent)e.Data)));
    }

    /// <summary>
    /// Says what an event does to some documents, from all that is recorded of the event: its stream, position, instant, tags, metadata.
    /// </summary>
    /// <typeparam name="TEvent">The event's type.</typeparam>
    /// <param name="keys">Returns the documents' keys, as above.</param>
    /// <param name="apply">Returns the document of a key after the event, as above.</param>
    /// <exception cref="ArgumentException">There is a handler for that event.</exception>
    protected void On<TEvent>(
        Func<TEvent, RecordedEvent, IEnumerable<string>> keys, Func<TDocument?, string, TEvent, RecordedEvent, TDocument?> apply)
        where TEvent : notnull
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(apply);
        Add<TEvent>(new(null, e => keys((TEvent)e.Data, e), (document, key, e) => apply(document, key, (TEvent)e.Data, e)));
    }

    /// <summary>
    /// Says what any event does that has no handler of its own. The projection then reads all events that match its filter. An event whose
    /// name the store's types do not list is a failure.
    /// </summary>
    /// <param name="keys">Returns the documents' keys, as above.</param>
    /// <param name="apply">Returns the document of a key after the event, as above.</param>
    /// <exception cref="ArgumentException">There is a handler for any event.</exception>
    protected void OnAny(Func<RecordedEvent, IEnumerable<string>> keys, Func<TDocument?, string, RecordedEvent, TDocument?> apply)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(apply);
        DeclareAny();
        Handlers.OfAny = new(null, keys, apply);
    }

    internal static JsonTypeInfo<TDocument> JsonOf(EventStore store) =>
        (JsonTypeInfo<TDocument>)store.Serializer.InfoOfDocuments(typeof(TDocument));

    internal sealed override void Validate(EventStore store)
    {
        base.Validate(store);
        if (Fields is null || Fields.Any(field => field is null))
            throw new ArgumentException(
                $"{nameof(Fields)} of '{Name}' ({GetType()}) is null or has a field that is null. List fields, or nothing.");
        try
        {
            JsonOf(store);
        }
        catch (NotSupportedException e)
        {
            throw new NotSupportedException(
                $"JSON cannot handle {typeof(TDocument)}, the document of the projection '{Name}'. "
                + "If EventStoreOptions.Json names a JsonSerializerContext, "
                + $"add [JsonSerializable(typeof({typeof(TDocument).Name}))] to that.",
                e);
        }
        catch (InvalidOperationException e)
        {
            throw new NotSupportedException(
                $"JSON cannot handle {typeof(TDocument)}, the document of the projection '{Name}': {Names.Sentence(e)}", e);
        }

        if (store.Serializer.FlawOfDocuments(JsonOf(store)) is { } flaw)
            throw new NotSupportedException(
                $"{typeof(TDocument)}, the document of the projection '{Name}', would not be read back as it is written: {flaw}.");
        Definition(1).Validate();
    }

    internal sealed override byte[] Rewrite(ReadOnlySpan<byte> document, System.Text.Json.JsonSerializerOptions json)
    {
        var info = (JsonTypeInfo<TDocument>)json.GetTypeInfo(typeof(TDocument));
        return System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(System.Text.Json.JsonSerializer.Deserialize(document, info)!, info);
    }

    internal sealed override string FingerprintOn(EventStore store) =>
        Fingerprint.Of(this, store, [JsonShape.Of(JsonOf(store)), .. Fields.Select(field => $"{field.Name} {field.Kind}")]);

    internal sealed override ReadModelCommit Creation(EventStore store, int generation) => new()
    {
        // If the record of existing read models was lost, one of that name may exist, with documents that are folded already.
        Drops = [ModelOf(generation)],
        Creates = [Definition(generation)],
    };

    private protected sealed override ReadModelCommit Placing(EventStore store, int generation) => new()
    {
        Aliases = [new ReadModelAlias(Name, ModelOf(generation))],
    };

    internal sealed override async ValueTask<Fold> FoldAsync(FoldInput input, CancellationToken cancellationToken)
    {
        var documents = new DocumentFold<TDocument>(this, input);
        documents.Sort();
        await documents.LoadAsync(cancellationToken).ConfigureAwait(false);
        var fold = documents.Run();
        if (input.Only is not { Kind: ParkedKind.Stream } stream || fold.Failures.Count == 0) return fold;

        // A parked stream goes on event by event, each with all its documents or none: fold again the events before the failure. If an
        // earlier failure shows up, that one counts instead.
        var failure = fold.Failures.MinBy(f => f.Event.Position)!;
        var before = await FoldAsync(
            input with { Events = [.. input.Events.TakeWhile(e => e.Position < failure.Event.Position)] },
            cancellationToken).ConfigureAwait(false);
        return before.Failures.Count > 0 ? before : before with { Failures = [failure with { Partition = stream }] };
    }

    internal sealed override bool Changes(FeedEvent e, string key)
    {
        try
        {
            var keys = new List<string>();
            Handlers.AddKeysOf(e, keys);
            return keys.Contains(key);
        }
        catch (Exception)
        {
            // It cannot be known which documents the event changes. Its stream is then parked, and no document because of it.
            return false;
        }
    }

    private ReadModelDefinition Definition(int generation) =>
        new(ModelOf(generation), [.. Fields.Select(field => new FieldDefinition(field.Name, field.Kind))]);

    private void Add<TEvent>(DocumentHandler<TDocument> handler)
    {
        Declare(typeof(TEvent));
        Handlers.Add(typeof(TEvent), handler);
    }
}
