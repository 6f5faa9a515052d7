using System.Collections.Immutable;
using EventSourcing.Tests.Aggregates;

namespace EventSourcing.Tests;

[EventType("member-joined")]
public sealed record MemberJoined(string Team, string Name);

/// <summary>
/// A rule that rests on a comparer holds with snapshots as without: the comparer comes back, or no snapshot is written.
/// </summary>
public partial class SnapshotComparerTests
{
    [Fact]
    public async Task Snapshot_keeps_the_comparer_that_the_constructor_gives_a_field() =>
        (await ExpectRuleAsync<TopLevel>("topLevel")).Should().BeTrue();

    [Fact]
    public async Task Snapshot_that_would_lose_a_comparer_is_not_written()
    {
        (await ExpectRuleAsync<Lazily>("lazily")).Should().BeFalse();
        (await ExpectRuleAsync<ByFunction>("byFunction")).Should().BeFalse();
        (await ExpectRuleAsync<Nested>("nested")).Should().BeFalse();
        (await ExpectRuleAsync<InMember>("inMember")).Should().BeFalse();
        (await ExpectRuleAsync<InRecord>("inRecord")).Should().BeFalse();
    }

    [Fact]
    public async Task Snapshot_of_collections_that_compare_as_usual_is_written() =>
        (await ExpectRuleAsync<Usual>("usual", ignoresCase: false)).Should().BeTrue();

    [Fact]
    public async Task Snapshot_of_a_decider_whose_state_would_lose_a_comparer_is_not_written()
    {
        await using var store = Open();
        var decider = new Decider<Roll, string>(
            "roll",
            new Roll(ImmutableHashSet<string>.Empty.WithComparer(StringComparer.OrdinalIgnoreCase)),
            static (roll, name) => roll.Names.Contains(name) ? throw new InvalidOperationException("taken") : [new MemberJoined("a", name)],
            static (roll, e) => new Roll(roll.Names.Add(((MemberJoined)e).Name))) { Snapshots = new SnapshotPolicy(1) { Fingerprint = "1" } };
        await store.Decider(decider, "r").DecideAsync("Ann");
        await store.Snapshots().FlushAsync();
        await FluentActions.Awaiting(() => store.Decider(decider, "r").DecideAsync("ANN")).Should().ThrowAsync<InvalidOperationException>().WithMessage("taken");
        (await SnapshotFile.FindAsync(store, "r", "roll")).Should().BeNull();
    }

    private static EventStore Open() => new(new InMemoryEventStorage(), new EventTypes(EventType.Of<MemberJoined>("member-joined")));

    /// <returns>Whether a snapshot was written.</returns>
    private static async Task<bool> ExpectRuleAsync<T>(string category, bool ignoresCase = true)
        where T : Team, new()
    {
        await using var store = Open();
        for (var i = 0; i < 3; i++)
        {
            var name = $"Ann{i}";
            await store.Aggregate<T>("t").CreateOrUpdateAsync(team => team.Join(name));
            await store.Aggregate<T>("t").LoadAsync();
            await store.Snapshots().FlushAsync();
        }

        var again = () => store.Aggregate<T>("t").UpdateAsync(team => team.Join(ignoresCase ? "ANN0" : "Ann0"));
        await again.Should().ThrowAsync<InvalidOperationException>().WithMessage("taken");
        return await SnapshotFile.FindAsync(store, "t", category) is not null;
    }

    public sealed record Roll(ImmutableHashSet<string> Names);

    public abstract class Team : Aggregate
    {
        protected abstract bool Has(string team, string name);

        public void Join(string name)
        {
            if (Has("a", name)) throw new InvalidOperationException("taken");
            Raise(new MemberJoined("a", name));
        }
    }

    [Snapshots(1)]
    public sealed partial class TopLevel : Team
    {
        private readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase);

        protected override bool Has(string team, string name) => _names.Contains(name);

        private void Apply(MemberJoined e) => _names.Add(e.Name);
    }

    [Snapshots(1)]
    public sealed partial class Lazily : Team
    {
        private HashSet<string>? _names;

        protected override bool Has(string team, string name) => _names?.Contains(name) == true;

        private void Apply(MemberJoined e) => (_names ??= new HashSet<string>(StringComparer.OrdinalIgnoreCase)).Add(e.Name);
    }

    [Snapshots(1)]
    public sealed partial class ByFunction : Team
    {
        private SortedSet<string>? _names;

        protected override bool Has(string team, string name) => _names?.Contains(name) == true;

        private void Apply(MemberJoined e) => (_names ??= new SortedSet<string>(
            Comparer<string>.Create((one, other) => string.Compare(one, other, StringComparison.OrdinalIgnoreCase)))).Add(e.Name);
    }

    [Snapshots(1)]
    public sealed partial class Nested : Team
    {
        private readonly Dictionary<string, HashSet<string>> _teams = [];

        protected override bool Has(string team, string name) => _teams.TryGetValue(team, out var names) && names.Contains(name);

        private void Apply(MemberJoined e)
        {
            if (!_teams.TryGetValue(e.Team, out var names)) _teams.Add(e.Team, names = new HashSet<string>(StringComparer.OrdinalIgnoreCase));
            names.Add(e.Name);
        }
    }

    [Snapshots(1)]
    public sealed partial class InMember : Team
    {
        private List<SortedSet<string>> _names = [];

        protected override bool Has(string team, string name) => _names.Exists(names => names.Contains(name));

        private void Apply(MemberJoined e) => _names = [.. _names, new SortedSet<string>(StringComparer.OrdinalIgnoreCase) { e.Name }];
    }

    [Snapshots(1)]
    public sealed partial class InRecord : Team
    {
        private Roll _roll = new(ImmutableHashSet.Create<string>(StringComparer.OrdinalIgnoreCase));

        protected override bool Has(string team, string name) => _roll.Names.Contains(name);

        private void Apply(MemberJoined e) => _roll = new Roll(_roll.Names.Add(e.Name));
    }

    [Snapshots(1)]
    public sealed partial class Usual : Team
    {
        private readonly Dictionary<string, HashSet<string>> _teams = [];
        private readonly SortedDictionary<string, ImmutableSortedSet<string>> _sorted = [];
        private Dictionary<string, int>? _lazily;

        protected override bool Has(string team, string name) => _teams.TryGetValue(team, out var names) && names.Contains(name);

        private void Apply(MemberJoined e)
        {
            _lazily ??= new Dictionary<string, int>(StringComparer.Ordinal);
            _lazily[e.Name] = 1;
            if (!_teams.TryGetValue(e.Team, out var names)) _teams.Add(e.Team, names = []);
            names.Add(e.Name);
            _sorted[e.Team] = _sorted.GetValueOrDefault(e.Team, []).Add(e.Name);
        }
    }
}
