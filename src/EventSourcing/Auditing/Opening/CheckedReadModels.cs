namespace EventSourcing.Ledger;

/// <summary>The read models of a <see cref="CheckedStorage"/>.</summary>
internal sealed class CheckedReadModels(IReadModelStorage inner, Checkpointer checkpointer) : IReadModelStorage
{
    public TableSupport? Tables => inner.Tables;

    public ValueTask<IReadOnlyList<byte[]?>> LoadAsync(
        string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default) =>
        checkpointer.IsOpen
            ? inner.LoadAsync(model, keys, cancellationToken)
            : checkpointer.OpenedAsync(
                (inner, model, keys), static (of, ct) => of.inner.LoadAsync(of.model, of.keys, ct), cancellationToken);

    public ValueTask<IReadOnlyList<StoredDocument>> QueryAsync(
        string model, DocumentQuery query, CancellationToken cancellationToken = default) =>
        checkpointer.IsOpen
            ? inner.QueryAsync(model, query, cancellationToken)
            : checkpointer.OpenedAsync(
                (inner, model, query), static (of, ct) => of.inner.QueryAsync(of.model, of.query, ct), cancellationToken);

    public ValueTask<long> CountAsync(
        string model, IReadOnlyList<FieldCondition> conditions, CancellationToken cancellationToken = default) =>
        checkpointer.IsOpen
            ? inner.CountAsync(model, conditions, cancellationToken)
            : checkpointer.OpenedAsync(
                (inner, model, conditions), static (of, ct) => of.inner.CountAsync(of.model, of.conditions, ct), cancellationToken);

    public ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default) => checkpointer.IsOpen
        ? inner.CommitAsync(commit, cancellationToken)
        : OpenedCommitAsync(commit, cancellationToken);

    private async ValueTask OpenedCommitAsync(ReadModelCommit commit, CancellationToken cancellationToken)
    {
        await checkpointer.OpenAsync(cancellationToken).ConfigureAwait(false);
        await inner.CommitAsync(commit, cancellationToken).ConfigureAwait(false);
    }
}
