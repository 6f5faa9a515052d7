using System.Diagnostics.CodeAnalysis;

namespace EventSourcing.Storage;

/// <summary>Read models in memory, changed under the storage's commit lock.</summary>
internal sealed class InMemoryReadModels(Lock commitLock, Action throwIfDisposed, Action throwIfMoved) : IReadModelStorage, IReadModelFacts
{
    private readonly Dictionary<string, InMemoryReadModel> _models = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _aliases = new(StringComparer.Ordinal);

    private bool _isWithinAppend;

    public TableSupport? Tables => null;

    public ValueTask<IReadOnlyList<byte[]?>> LoadAsync(
        string model, IReadOnlyList<string> keys, CancellationToken cancellationToken = default)
    {
        ValidateLoad(model, keys);
        Enter(cancellationToken);
        lock (commitLock) return ValueTask.FromResult(Load(model, keys));
    }

    public ValueTask<IReadOnlyList<StoredDocument>> QueryAsync(
        string model, DocumentQuery query, CancellationToken cancellationToken = default)
    {
        ReadModelDefinition.ThrowIfInvalidName(model);
        ArgumentNullException.ThrowIfNull(query);
        query.Validate();
        Enter(cancellationToken);
        lock (commitLock) return ValueTask.FromResult(TryFind(model, out var found) ? found.Query(model, query) : []);
    }

    public ValueTask<long> CountAsync(string model, IReadOnlyList<FieldCondition> conditions, CancellationToken cancellationToken = default)
    {
        ReadModelDefinition.ThrowIfInvalidName(model);
        FieldCondition.Validate(conditions);
        Enter(cancellationToken);
        lock (commitLock) return ValueTask.FromResult(TryFind(model, out var found) ? found.Count(model, conditions) : 0);
    }

    public ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(commit);
        commit.Validate();
        Enter(cancellationToken);
        try
        {
            lock (commitLock)
            {
                ThrowIfWithinAppend();
                Check(commit);
                if (HasAny(commit)) throwIfMoved();
                Write(commit);
            }

            return ValueTask.CompletedTask;
        }
        catch (Exception refused)
            when (refused is EventSourcingException or ArgumentException or NotSupportedException or InvalidOperationException)
        {
            return ValueTask.FromException(refused);
        }
    }

    /// <summary>
    /// Under the lock: until the returned object is disposed, foreign code runs that must not write. The lock alone would admit
    /// its own thread.
    /// </summary>
    public AppendScope BeginAppend()
    {
        _isWithinAppend = true;
        return new AppendScope(this);
    }

    public void ThrowIfWithinAppend()
    {
        if (_isWithinAppend)
            throw new InvalidOperationException(
                "What changes read models within an append has written to the store itself, which would wait for its own append. "
                + "Nothing of that was written; return the changes instead.");
    }

    /// <summary>Under the lock: all read models, ordered by the code points of their names.</summary>
    public IEnumerable<ReadModelSummary> List() =>
        _models.Values.Select(model => model.Definition)
            .OrderBy(definition => definition.Name, CodePointComparer.Instance)
            .Select(definition => new ReadModelSummary(definition with { Fields = [.. definition.Fields] }, AliasesOf(definition.Name)));

    public static void ValidateLoad(string model, IReadOnlyList<string> keys)
    {
        ReadModelDefinition.ThrowIfInvalidName(model);
        ArgumentNullException.ThrowIfNull(keys);
        foreach (var key in keys) StoredDocument.ThrowIfInvalidKey(key);
    }

    /// <summary>Under the lock: the documents of some keys.</summary>
    public IReadOnlyList<byte[]?> Load(string model, IReadOnlyList<string> keys)
    {
        var documents = new byte[]?[keys.Count];
        if (!TryFind(model, out var found)) return documents;
        for (var i = 0; i < keys.Count; i++) documents[i] = (byte[]?)found.Find(keys[i])?.Clone();
        return documents;
    }

    /// <summary>Under the lock: refuses a commit that cannot be written, before anything is.</summary>
    public void Check(ReadModelCommit commit)
    {
        if (commit.Tables is not null)
            throw new NotSupportedException(
                "The storage in memory has no tables, so nothing was written. Keep documents, or use a storage with tables, e.g. "
                + "SqliteEventStorage.");
        ReadModelDecision.ThrowIfRefused(commit, this);
    }

    /// <summary>Under the lock: writes a commit that was checked.</summary>
    public void Write(ReadModelCommit commit)
    {
        foreach (var name in commit.Drops)
        {
            _models.Remove(name);
            foreach (var alias in _aliases.Where(pair => pair.Value == name).Select(pair => pair.Key).ToList()) _aliases.Remove(alias);
        }

        foreach (var definition in commit.Creates)
            _models.TryAdd(definition.Name, new InMemoryReadModel(definition with { Fields = [.. definition.Fields] }));
        foreach (var (alias, model) in commit.Aliases) _aliases[alias] = model;
        foreach (var change in commit.Changes) _models[change.Model].Write(change);
    }

    ReadModelDefinition? IReadModelFacts.DefinitionOf(string model) => _models.GetValueOrDefault(model)?.Definition;

    string? IReadModelFacts.ModelOf(string alias) => _aliases.GetValueOrDefault(alias);

    bool IReadModelFacts.IsMet(in DocumentGuard guard) => guard.IsMetBy(_models.GetValueOrDefault(guard.Model)?.Find(guard.Key));

    /// <summary>Whether a commit has anything besides guards.</summary>
    private static bool HasAny(ReadModelCommit commit) =>
        commit.Changes.Count > 0 || commit.Drops.Count > 0 || commit.Creates.Count > 0 || commit.Aliases.Count > 0;

    private string[] AliasesOf(string model) =>
        [.. _aliases.Where(pair => pair.Value == model).Select(pair => pair.Key).Order(CodePointComparer.Instance)];

    private bool TryFind(string nameOrAlias, [NotNullWhen(true)] out InMemoryReadModel? model) =>
        _models.TryGetValue(_aliases.GetValueOrDefault(nameOrAlias, nameOrAlias), out model);

    private void Enter(CancellationToken cancellationToken)
    {
        throwIfDisposed();
        cancellationToken.ThrowIfCancellationRequested();
    }

    public readonly struct AppendScope(InMemoryReadModels models) : IDisposable
    {
        public void Dispose() => models._isWithinAppend = false;
    }
}
