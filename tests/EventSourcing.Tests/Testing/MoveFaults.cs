namespace EventSourcing.Tests.Testing;

/// <summary>Storages that have each a fault with the mark of a store that has moved.</summary>
internal static class MoveFaults
{
    /// <summary>Keeps the mark itself, and lets the storage below write on.</summary>
    public class OnlyRemembers(EventStorageOptions options) : FaultyStorage(options)
    {
        protected string? MovedTo { get; private set; }

        public override ValueTask<string?> GetMovedToAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult(MovedTo);

        public override async ValueTask<bool> SetMovedToAsync(string? movedTo, long head, CancellationToken cancellationToken = default)
        {
            if (movedTo is not null) StoreMovedException.ThrowIfInvalidPlace(movedTo);
            if (await Inner.GetHeadAsync(cancellationToken) != head) return false;
            if (movedTo is not null && MovedTo is not null && movedTo != MovedTo) throw new StoreMovedException("faulty", MovedTo);
            MovedTo = movedTo;
            return true;
        }
    }

    /// <summary>Refuses appends, and nothing else.</summary>
    public sealed class RefusesAppendsOnly(EventStorageOptions options) : OnlyRemembers(options)
    {
        public override ValueTask<AppendResult> AppendAsync(AppendRequest request, CancellationToken cancellationToken = default) =>
            MovedTo is { } there ? throw new StoreMovedException("faulty", there) : base.AppendAsync(request, cancellationToken);
    }

    /// <summary>Marks the store wherever its log ends.</summary>
    public sealed class IgnoresTheHead(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<bool> SetMovedToAsync(string? movedTo, long head, CancellationToken cancellationToken = default) =>
            await base.SetMovedToAsync(movedTo, await Inner.GetHeadAsync(cancellationToken), cancellationToken);
    }

    /// <summary>Lets a second mark replace the first.</summary>
    public sealed class MovesOn(EventStorageOptions options) : FaultyStorage(options)
    {
        public override async ValueTask<bool> SetMovedToAsync(string? movedTo, long head, CancellationToken cancellationToken = default) =>
            await base.SetMovedToAsync(null, head, cancellationToken) && await base.SetMovedToAsync(movedTo, head, cancellationToken);
    }

    /// <summary>Forgets where the store went.</summary>
    public sealed class ForgetsWhere(EventStorageOptions options) : FaultyStorage(options)
    {
        public override ValueTask<bool> SetMovedToAsync(string? movedTo, long head, CancellationToken cancellationToken = default) =>
            base.SetMovedToAsync(movedTo is null ? null : "somewhere", head, cancellationToken);
    }

    /// <summary>Keeps the mark for ever.</summary>
    public sealed class KeepsTheMark(EventStorageOptions options) : FaultyStorage(options)
    {
        public override ValueTask<bool> SetMovedToAsync(string? movedTo, long head, CancellationToken cancellationToken = default) =>
            movedTo is null ? ValueTask.FromResult(true) : base.SetMovedToAsync(movedTo, head, cancellationToken);
    }
}
