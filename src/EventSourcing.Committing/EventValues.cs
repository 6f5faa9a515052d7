using System.Globalization;

namespace EventSourcing;

/// <summary>
/// Those values in the row of an event that can be checked one by one. This type decides for every storage which values the library would
/// not write. A page refuses a row with such a value, and an audit reports it, in the same words.
/// </summary>
internal readonly ref struct EventValues
{
    /// <summary>The length of an id in bytes.</summary>
    public const int IdBytes = 16;

    public required long Position { get; init; }

    public required long Version { get; init; }

    /// <summary>When the event was recorded, in ticks.</summary>
    public required long Ticks { get; init; }

    /// <summary>The id; empty if the bytes are not those of an id.</summary>
    public required Guid Id { get; init; }

    /// <summary>How many bytes the id has in the row.</summary>
    public required int IdLength { get; init; }

    public required int SealLength { get; init; }

    public required ReadOnlySpan<byte> Data { get; init; }

    public bool IsErased => SealLength == MerkleHash.Length;

    /// <summary>When the event was recorded. Throws if the ticks are not an instant.</summary>
    public DateTimeOffset RecordedAt => new(Ticks, TimeSpan.Zero);

    /// <summary>The column of the first value that the library would not write; null if there is none.</summary>
    public string? FlawedColumn =>
        Position < 1 ? "position"
        : Version < 1 ? "version"
        : !IsInstant(Ticks) ? "recorded"
        : IdLength != IdBytes || Id == Guid.Empty ? "id"
        : SealLength is not (LedgerLeaf.SaltLength or MerkleHash.Length) ? "seal"
        : IsErased && !Data.IsEmpty ? "data"
        : null;

    /// <summary>What is wrong with the value in <see cref="FlawedColumn"/>, as a clause; empty if nothing is.</summary>
    public string Flaw => FlawedColumn switch
    {
        "position" => string.Create(CultureInfo.InvariantCulture, $"its position is {Position}"),
        "version" => string.Create(CultureInfo.InvariantCulture, $"its version is {Version}"),
        "recorded" => string.Create(CultureInfo.InvariantCulture, $"it was recorded at {Ticks} ticks, which is no instant"),
        "id" => string.Create(CultureInfo.InvariantCulture, $"its id has {IdLength} bytes, or is empty"),
        "seal" => string.Create(CultureInfo.InvariantCulture, $"its seal has {SealLength} bytes"),
        "data" => "it has the seal of an erased event, but it has data",
        _ => "",
    };

    /// <summary>The sentence of the error with which a page refuses the row.</summary>
    public string Damage => DamageIn(Position, FlawedColumn ?? "", Flaw);

    /// <summary>The sentence of the error with which an event is refused.</summary>
    /// <param name="position">Its position.</param>
    /// <param name="column">The column of the wrong value.</param>
    /// <param name="flaw">What is wrong with the value, as a clause.</param>
    public static string DamageIn(long position, string column, string flaw) => string.Create(
        CultureInfo.InvariantCulture,
        $"the event at position {position} cannot be read: the value of its column '{column}' is not one that the library writes "
        + $"({flaw}).");

    /// <summary>The values of a row of which no more was read than these.</summary>
    public static EventValues OfPlace(long position, long version, long ticks) => new()
    {
        Position = position,
        Version = version,
        Ticks = ticks,
        Id = Guid.AllBitsSet,
        IdLength = IdBytes,
        SealLength = LedgerLeaf.SaltLength,
        Data = default,
    };

    /// <summary>
    /// What is wrong with the end of a stream that has a name, as the sentence of an error; null if nothing is. Otherwise the stream would
    /// be taken for a new one.
    /// </summary>
    /// <param name="stream">The stream's name.</param>
    /// <param name="version">The version of its last event; null if it has none.</param>
    public static string? DamageAtEnd(string stream, long? version) => version switch
    {
        null => $"the stream '{stream}' has no event.", // a name is written together with its first event
        < 1 => string.Create(
            CultureInfo.InvariantCulture, $"the last event of the stream '{stream}' has the version {version}, and versions begin at 1."),
        _ => null,
    };

    public static bool IsInstant(long ticks) => ticks >= 0 && ticks <= DateTimeOffset.MaxValue.Ticks;

    /// <summary>The sentence of the error if only the time of an event was read, and that time is no instant.</summary>
    public static string NoInstant(long position, long ticks) => string.Create(
        CultureInfo.InvariantCulture, $"the event at position {position} was recorded at {ticks} ticks, which is no instant.");
}
