using System.Reflection;

namespace EventSourcing.Hosting.Tests;

/// <summary>A right storage that a test can take away, or whose commits of read models it can hold. It counts the reads of one caller.</summary>
internal sealed class Outage
{
    private volatile bool _isGone;
    private volatile bool _refusesCommits;
    private volatile TaskCompletionSource? _held;
    private readonly AsyncLocal<bool> _isCounted = new();
    private int _reads;
    private int _heads;

    public Outage(IEventStorage inner)
    {
        var readModels = Intercepted<IReadModelStorage>.Of(inner.ReadModels, this);
        Storage = Intercepted<IEventStorage>.Of(inner, this, new() { ["get_ReadModels"] = readModels });
    }

    public IEventStorage Storage { get; }

    /// <summary>Counted reads of anything but the head.</summary>
    public int Reads => Volatile.Read(ref _reads);

    public int Heads => Volatile.Read(ref _heads);

    /// <summary>Counts what the caller of this reads from now on, and not what projections read meanwhile.</summary>
    public void CountMine() => _isCounted.Value = true;

    public void Begin() => _isGone = true;

    public void End() => _isGone = false;

    /// <summary>Whether commits of read models fail for the time being, as on a full disk.</summary>
    public void RefuseCommits(bool refuses) => _refusesCommits = refuses;

    /// <summary>From now on commits of read models wait, as those of a suspended process do.</summary>
    public void Hold() => _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void LetGo() => Interlocked.Exchange(ref _held, null)?.SetResult();

    /// <summary>Ends what is held, with a failure.</summary>
    public void Fail(Exception failure) => Interlocked.Exchange(ref _held, null)?.SetException(failure);

    private Task? Before(string method)
    {
        if (method.StartsWith("get_", StringComparison.Ordinal) || method == "DisposeAsync") return null;
        if (_isGone || (_refusesCommits && method == "CommitAsync"))
            throw new StorageFailedException("a place nobody may know", outcomeIsUnknown: false, new IOException("gone"));
        if (_isCounted.Value)
        {
            if (method == "GetHeadAsync") Interlocked.Increment(ref _heads);
            else if (method is "ReadLogAsync" or "ReadStreamAsync" or "LoadAsync" or "QueryAsync") Interlocked.Increment(ref _reads);
        }

        return method == "CommitAsync" ? _held?.Task : null;
    }

    /// <summary>Passes every call on, after asking.</summary>
    public class Intercepted<T> : DispatchProxy
        where T : class
    {
        private T _inner = null!;
        private Outage _outage = null!;
        private Dictionary<string, object> _own = [];

        internal static T Of(T inner, Outage outage, Dictionary<string, object>? own = null)
        {
            var proxy = Create<T, Intercepted<T>>();
            var intercepted = (Intercepted<T>)(object)proxy;
            (intercepted._inner, intercepted._outage, intercepted._own) = (inner, outage, own ?? []);
            return proxy;
        }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            if (_own.TryGetValue(targetMethod!.Name, out var own)) return own;
            if (_outage.Before(targetMethod.Name) is { } held) return new ValueTask(CommitLaterAsync(held, targetMethod, args));
            return targetMethod.Invoke(_inner, BindingFlags.DoNotWrapExceptions, binder: null, args, culture: null);
        }

        private async Task CommitLaterAsync(Task held, MethodInfo commit, object?[]? args)
        {
            await held;
            await (ValueTask)commit.Invoke(_inner, BindingFlags.DoNotWrapExceptions, binder: null, args, culture: null)!;
        }
    }
}
