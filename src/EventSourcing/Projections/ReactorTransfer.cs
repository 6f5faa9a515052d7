using System.Globalization;

namespace EventSourcing.Operations;

/// <summary>Takes reactors along when a log has moved to another storage, so that they deliver no event again.</summary>
public static class ReactorTransfer
{
    /// <summary>
    /// Copies the places of all reactors to a store that holds the same log: how far each has delivered, what is parked, what was
    /// skipped, and whether it was stopped by an order. In the target, each goes on where it was, with the same delivery ids. The copy
    /// of one reactor is one commit, and can be repeated: a later one replaces an earlier one as long as the reactor has not gone on in
    /// the target.
    /// </summary>
    /// <remarks>
    /// Stop the app before: what a reactor delivers after the copy, it delivers again in the target. Projections are not copied: they fold
    /// the log of the target.
    /// </remarks>
    /// <param name="source">The store that the log comes from; it may be opened read-only.</param>
    /// <param name="target">The store that has the log now.</param>
    /// <param name="cancellationToken">Ends the transfer between two reactors.</param>
    /// <returns>The names of the reactors that were copied.</returns>
    /// <exception cref="InvalidOperationException">
    /// The target's log does not reach the place of a reactor, or the reactor has gone on in the target. That reactor was not copied.
    /// </exception>
    /// <exception cref="ReadModelDamagedException">What is recorded of a reactor cannot be read. It was not copied.</exception>
    /// <exception cref="StoreReadOnlyException">The target was opened read-only.</exception>
    public static async Task<IReadOnlyList<string>> TransferReactorsToAsync(
        this EventStore source, EventStore target, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        target.ThrowIfReadOnly("take the places of reactors");
        var from = new ControlDocuments(source.Storage.ReadModels);
        var copied = new List<string>();
        foreach (var name in await from.ListNamesAsync(cancellationToken).ConfigureAwait(false))
        {
            var directory = await from.FindDirectoryAsync(name, cancellationToken).ConfigureAwait(false);
            if (directory?.Content.ActiveGeneration?.Fingerprint != ControlDocuments.ReactorFingerprint) continue;
            await CopyAsync(from, directory, target, cancellationToken).ConfigureAwait(false);
            copied.Add(name);
        }

        return copied;
    }

    private static async Task CopyAsync(
        ControlDocuments from, ReadDocument<DirectoryRecord> directory, EventStore target, CancellationToken cancellationToken)
    {
        var name = directory.Key;
        var to = new ControlDocuments(target.Storage.ReadModels);
        var key = ControlDocuments.RunKey(name, directory.Content.Active);
        if (await from.FindRunAsync(key, cancellationToken).ConfigureAwait(false) is not { Content: var run }) return;
        var head = await target.Storage.GetHeadAsync(cancellationToken).ConfigureAwait(false);
        if (run.Position > head)
        {
            throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture,
                $"The reactor '{name}' is at position {run.Position}, and the log of the target ends at {head}. ")
                + "The reactor was not copied. Transfer the log first.");
        }

        var knownDirectory = await to.FindStoredAsync(ControlDocuments.Directory, name, cancellationToken).ConfigureAwait(false);
        var known = await to.FindRunAsync(key, cancellationToken).ConfigureAwait(false);
        if (known is { Content: var there } && (there.Owner is not null || there.Position > run.Position))
        {
            throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture,
                $"The reactor '{name}' has gone on in the target, where it is at position {there.Position}; "
                + $"in the source it is at {run.Position}. ")
                + "It was not copied, as it would deliver again.");
        }

        await LogIdentity.CheckAsync(target, name, run, cancellationToken).ConfigureAwait(false);
        var token = Math.Max(run.Token, known?.Content.Token ?? 0) + 1;
        var moved = run with { Owner = null, Token = token, Since = null, From = null, At = null, Failure = null };
        var changes = new List<DocumentChange>
        {
            ControlDocuments.Write(ControlDocuments.Directory, name, directory.Content),
            ControlDocuments.Write(ControlDocuments.Runs, key, moved),
            ControlDocuments.NewOrder(),
        };
        foreach (var model in (string[])[ControlDocuments.Parked, ControlDocuments.Skipped])
            await AddAsync(changes, model, from, to, name, cancellationToken).ConfigureAwait(false);
        var standing = await from.FindStoredAsync(ControlDocuments.Standing, name, cancellationToken).ConfigureAwait(false);
        if (standing is not null) changes.Add(new DocumentChange(ControlDocuments.Standing, name, standing));
        var commit = new ReadModelCommit
        {
            Guards =
            [
                new DocumentGuard(ControlDocuments.Directory, name, knownDirectory.AsMemoryOrNull()),
                known?.Guard ?? new DocumentGuard(ControlDocuments.Runs, key, null),
            ],
            Creates = ControlDocuments.Definitions,
            Changes = changes,
        };
        await ControlDocuments.CommitAsync(target.Storage.ReadModels, commit, cancellationToken).ConfigureAwait(false);
        target.Signals.OrderGiven(name);
    }

    /// <summary>Adds the changes by which the target has the same documents about a reactor as the source.</summary>
    private static async Task AddAsync(
        List<DocumentChange> changes,
        string model,
        ControlDocuments from,
        ControlDocuments to,
        string name,
        CancellationToken cancellationToken)
    {
        var stored = await from.ListStoredAsync(model, name, cancellationToken).ConfigureAwait(false);
        var keys = stored.Select(document => document.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var document in stored)
            changes.Add(new DocumentChange(model, document.Key, document.Data.ToArray()) { Fields = [new FieldValue(name)] });
        var old = await to.ListStoredAsync(model, name, cancellationToken).ConfigureAwait(false);
        foreach (var document in old.Where(document => !keys.Contains(document.Key)))
            changes.Add(new DocumentChange(model, document.Key, null));
    }
}
