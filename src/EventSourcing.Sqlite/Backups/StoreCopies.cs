using System.Diagnostics;

namespace EventSourcing;

/// <summary>Makes the copies of one storage, one at a time, and puts each whole in its place.</summary>
internal sealed class StoreCopies(SqliteEventStorage storage, StoreFile file, TimeSpan busyTimeout) : IAsyncDisposable
{
    private readonly CancellationTokenSource _closing = new();
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>Copies the storage's store to a path.</summary>
    public ValueTask<SqliteBackup> BackupAsync(
        string target, bool overwrite, IProgress<SqliteBackupProgress>? progress, CancellationToken cancellationToken)
    {
        // This is checked again when the copy is put in its place. But nobody should wait for a copy that has no place.
        CopyTarget.ThrowIfTaken(target, overwrite);
        return CopyAsync(target, storage.Path, place => place.Fill(overwrite), progress, cancellationToken);
    }

    /// <summary>Copies the storage's store, a backup, to the path of a store.</summary>
    public async ValueTask<SqliteBackup> RestoreAsync(
        string target, bool replace, IProgress<SqliteBackupProgress>? progress, CancellationToken cancellationToken)
    {
        CopyTarget.ThrowIfNoFile(target);
        if (!replace && File.Exists(target))
            throw new BackupFailedException(
                target, "there is a file at this path already. Say that it is to be replaced: it is moved aside then.");
        StoreInUse.Hold(target)?.Dispose();
        string? replaced = null;
        var like = File.Exists(target) ? target : storage.Path;
        var restored = await CopyAsync(target, like, Replace, progress, cancellationToken).ConfigureAwait(false);
        return restored with { Replaced = replaced };

        void Replace(CopyPlace place)
        {
            var held = StoreInUse.Hold(target);
            if (OperatingSystem.IsWindows()) held?.Dispose(); // Windows cannot move files that are open
            using (held)
            {
                CopyTarget.ThrowIfNoFile(target);

                // From here on little can fail: the copy is durable before the store leaves its place.
                place.Sync();
                var aside = place.MoveAside(TimeProvider.System.GetUtcNow());
                place.PutInsteadOf(aside);
                replaced = aside;
            }
        }
    }

    /// <summary>Ends the copies in progress; returns when they have ended.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        await _one.WaitAsync().ConfigureAwait(false);
    }

    private async ValueTask<SqliteBackup> CopyAsync(
        string target, string like, Action<CopyPlace> fill, IProgress<SqliteBackupProgress>? progress, CancellationToken cancellationToken)
    {
        storage.UserCode.ThrowIfWithin(UserCode.Kind.Write, "make a backup of it");
        storage.UserCode.ThrowIfWithin(UserCode.Kind.Read, "make a backup of it");
        var began = Stopwatch.GetTimestamp();
        ObjectDisposedException.ThrowIf(_closing.IsCancellationRequested, typeof(SqliteEventStorage));
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _closing.Token);
        try
        {
            await _one.WaitAsync(ended.Token).ConfigureAwait(false);
            try
            {
                await storage.GetHeadAsync(ended.Token).ConfigureAwait(false); // makes the file a store, if it is new

                // SQLite writes the copy on the thread that calls it, and blocks it until the copy is done.
                await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
                using var place = CopyPlace.Take(target, like);
                var copy = new StoreCopy(storage, file, place, progress);
                var report = await copy.MakeAsync(busyTimeout, ended.Token).ConfigureAwait(false);
                var bytes = new FileInfo(place.Incomplete).Length;
                ended.Token.ThrowIfCancellationRequested();
                fill(place);
                return new SqliteBackup(target, report.Size, report.Root, bytes, Stopwatch.GetElapsedTime(began));
            }
            finally
            {
                _one.Release();
            }
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ObjectDisposedException(
                nameof(SqliteEventStorage), "The storage was disposed while a copy of it was made. Nothing was changed at its path.");
        }
    }
}
