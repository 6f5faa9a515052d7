namespace EventSourcing.Tests.Projections;

/// <summary>An event that counts for some documents.</summary>
[EventType("tallied")]
public sealed record Tallied(IReadOnlyList<string> Keys)
{
    public static EventTypes Types { get; } = new(EventType.Of<Tallied>(), EventType.Of<Ignored>(), EventType.Of<Noted>());

    public static Tallied For(params string[] keys) => new(keys);
}

/// <summary>An event that hardly anybody looks at.</summary>
[EventType("ignored")]
public sealed record Ignored(int Number);

/// <summary>An event that only some look at.</summary>
[EventType("noted")]
public sealed record Noted(int Number);

/// <summary>A document that says which events were applied to it, so that one applied twice, or not, or too early, shows.</summary>
public sealed class Tally
{
    public List<long> Applied { get; init; } = [];
}

/// <summary>Documents by key. Its handler first changes the document and then fails, where it is to fail.</summary>
internal class Tallies : Projection<Tally>
{
    public Tallies()
        : this(fails: null)
    {
    }

    public Tallies(Func<string, long, bool>? fails, string name = "tallies", int version = 1)
    {
        Name = name;
        Version = version;
        On<Tallied>(KeysOf, (tally, key, _, e) =>
        {
            Applying(e.Position);
            tally ??= new Tally();
            tally.Applied.Add(e.Position);
            return fails?.Invoke(key, e.Position) == true ? throw new InvalidOperationException($"'{key}' fails at {e.Position}.") : tally;
        });
    }

    public override string Name { get; }

    public override int Version { get; }

    /// <summary>The classes that its name belonged to before.</summary>
    public IReadOnlyList<string> Former { get; init; } = [];

    public override IReadOnlyList<string> FormerTypeNames => Former;

    /// <summary>Makes the keys of an event fail, after those that it has.</summary>
    public Func<long, bool> FailsKeysAt { get; init; } = _ => false;

    /// <summary>Called at each application, before it.</summary>
    public Action<long> Applying { get; init; } = _ => { };

    private IEnumerable<string> KeysOf(Tallied e, RecordedEvent recorded)
    {
        foreach (var key in e.Keys) yield return key;
        if (FailsKeysAt(recorded.Position)) throw new InvalidOperationException($"The keys fail at {recorded.Position}.");
    }
}
