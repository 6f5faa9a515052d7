namespace EventSourcing.Tests.Concurrency;

/// <summary>
/// Decides whether a history of concurrent operations is linearizable: whether they could have taken effect one after
/// the other, each at some moment between its call and its return, with the results that they had.
/// </summary>
/// <remarks>
/// The search is that of Wing and Gong, "Testing and verifying concurrent objects" (1993), with the memory that Lowe
/// added in "Testing for linearizability" (2017): what was tried from the same state with the same operations done is
/// not tried again. Histories of independent objects are checked each by itself, which the definition allows and which
/// keeps the search short.
/// </remarks>
public static class Linearizability
{
    /// <summary>Checks a history.</summary>
    /// <param name="history">The operations in any order, with their times.</param>
    /// <param name="initial">The object's state before all of them.</param>
    /// <param name="step">The state after an operation, or null where it cannot have had its result in that state.</param>
    public static bool Check<TOperation, TState>(IReadOnlyList<Timed<TOperation>> history, TState initial, Func<TState, TOperation, TState?> step)
        where TState : class, IEquatable<TState>
    {
        var head = EntriesOf(history);
        var state = initial;
        var done = new DoneSet(history.Count);
        var tried = new HashSet<(DoneSet, TState)>();
        var taken = new Stack<(Entry Call, TState Before)>();
        for (var entry = head.Next; head.Next is not null;)
        {
            if (entry!.Return is null)
            {
                // This operation has returned, so it must have taken effect before here, and could not: what was taken
                // last was taken too early.
                if (!taken.TryPop(out var last)) return false;
                state = last.Before;
                done = done.Without(last.Call.Operation);
                last.Call.PutBack();
                entry = last.Call.Next;
                continue;
            }

            if (step(state, history[entry.Operation].Operation) is { } after && tried.Add((done.With(entry.Operation), after)))
            {
                taken.Push((entry, state));
                state = after;
                done = done.With(entry.Operation);
                entry.TakeOut();
                entry = head.Next;
            }
            else
            {
                entry = entry.Next;
            }
        }

        return true;
    }

    /// <summary>Calls and returns as a list in the order of time, behind an entry that stands for neither.</summary>
    private static Entry EntriesOf<TOperation>(IReadOnlyList<Timed<TOperation>> history)
    {
        var entries = new List<(long Time, int Kind, Entry Entry)>(history.Count * 2);
        for (var i = 0; i < history.Count; i++)
        {
            var returned = new Entry(i, null);
            entries.Add((history[i].Called, 0, new Entry(i, returned)));
            entries.Add((history[i].Returned, 1, returned));
        }

        // At the same moment calls come first: then the two operations overlap, which forbids less.
        var head = new Entry(-1, null);
        var last = head;
        foreach (var (_, _, entry) in entries.OrderBy(e => e.Time).ThenBy(e => e.Kind))
        {
            last.Next = entry;
            entry.Previous = last;
            last = entry;
        }

        return head;
    }

    /// <summary>The call of an operation, or where it has none of its own, its return.</summary>
    private sealed class Entry(int operation, Entry? @return)
    {
        public int Operation => operation;

        public Entry? Return => @return;

        public Entry? Previous { get; set; }

        public Entry? Next { get; set; }

        /// <summary>Takes call and return out of the list; both remember where they stood.</summary>
        public void TakeOut()
        {
            Unlink(this);
            Unlink(@return!);
        }

        public void PutBack()
        {
            Link(@return!);
            Link(this);
        }

        private static void Unlink(Entry entry)
        {
            entry.Previous!.Next = entry.Next;
            entry.Next?.Previous = entry.Previous;
        }

        private static void Link(Entry entry)
        {
            entry.Previous!.Next = entry;
            entry.Next?.Previous = entry;
        }
    }

    /// <summary>Which operations have been put in order. Immutable.</summary>
    private sealed class DoneSet : IEquatable<DoneSet>
    {
        private readonly ulong[] _bits;

        public DoneSet(int operations)
            : this(new ulong[(operations + 63) / 64])
        {
        }

        private DoneSet(ulong[] bits) => _bits = bits;

        public DoneSet With(int operation) => Changed(operation, true);

        public DoneSet Without(int operation) => Changed(operation, false);

        public bool Equals(DoneSet? other) => other is not null && _bits.AsSpan().SequenceEqual(other._bits);

        public override bool Equals(object? obj) => Equals(obj as DoneSet);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            foreach (var bits in _bits) hash.Add(bits);
            return hash.ToHashCode();
        }

        private DoneSet Changed(int operation, bool isDone)
        {
            ulong[] bits = [.. _bits];
            var bit = 1UL << (operation % 64);
            bits[operation / 64] = isDone ? bits[operation / 64] | bit : bits[operation / 64] & ~bit;
            return new DoneSet(bits);
        }
    }
}

/// <summary>An operation with the moments of its call and its return, by any clock that orders what happens.</summary>
/// <param name="Operation">The operation with its result.</param>
/// <param name="Called">When it was called.</param>
/// <param name="Returned">When it returned; <see cref="Never"/> where its caller does not know whether and how it ended.</param>
public readonly record struct Timed<TOperation>(TOperation Operation, long Called, long Returned)
{
    public const long Never = long.MaxValue;
}
