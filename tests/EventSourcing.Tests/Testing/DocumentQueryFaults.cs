using System.Collections.Concurrent;

namespace EventSourcing.Tests.Testing;

/// <summary>Storages that answer queries of documents themselves, with one fault each.</summary>
internal static class DocumentQueryFaults
{
    /// <summary>Looks through all documents, and does it rightly but for what a fault overrides.</summary>
    internal class LooksThroughAll(EventStorageOptions options) : ReadModelFaults.FaultyReadModels(options)
    {
        private readonly ConcurrentDictionary<string, ReadModelDefinition> _definitions = new(StringComparer.Ordinal);
        private readonly ConcurrentDictionary<string, string> _aliases = new(StringComparer.Ordinal);
        private readonly ConcurrentDictionary<(string, string), long> _written = [];
        private long _writes;

        public override async ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
        {
            commit.Validate();
            await Right.CommitAsync(Change(commit), cancellationToken);
            foreach (var name in commit.Drops) _definitions.TryRemove(name, out _);
            foreach (var definition in commit.Creates) _definitions[definition.Name] = definition;
            foreach (var (alias, model) in commit.Aliases) _aliases[alias] = model;
            foreach (var change in commit.Changes) _written.TryAdd((change.Model, change.Key), Interlocked.Increment(ref _writes));
        }

        public override async ValueTask<IReadOnlyList<StoredDocument>> QueryAsync(string model, DocumentQuery query, CancellationToken cancellationToken = default)
        {
            query.Validate();
            if (DefinitionOf(model) is not { } definition) return await Right.QueryAsync(model, query, cancellationToken);
            if (!CheckFields(definition, query, model)) return [];
            var order = query.OrderBy is null ? -1 : definition.IndexOf(query.OrderBy, model);
            var rows = (await RowsAsync(definition)).Where(row => Meets(row, definition, query.Conditions, model)).Select(row => row with { At = order < 0 ? default : row.Fields[order] }).ToList();
            rows.Sort((x, y) => Compare(x, y, query.Descending));
            var after = query.After is { } cursor ? rows.Where(row => IsAfter(row, cursor, rows, query.Descending)) : rows;
            return [.. after.Take(query.Limit).Select(row => new StoredDocument(row.Key, row.Data, Show(row.At)))];
        }

        public override async ValueTask<long> CountAsync(string model, IReadOnlyList<FieldCondition> conditions, CancellationToken cancellationToken = default)
        {
            FieldCondition.Validate(conditions);
            if (DefinitionOf(model) is not { } definition) return await Right.CountAsync(model, conditions, cancellationToken);
            if (!CheckFields(definition, new DocumentQuery { Conditions = conditions }, model)) return 0;
            return Count((await RowsAsync(definition)).ToList(), row => Meets(row, definition, conditions, model));
        }

        protected ReadModelDefinition? DefinitionOf(string name) => _definitions.GetValueOrDefault(_aliases.GetValueOrDefault(name, name));

        protected long WrittenAs(string key) => _written.Where(w => w.Key.Item2 == key).Select(w => w.Value).FirstOrDefault();

        protected virtual ReadModelCommit Change(ReadModelCommit commit) => commit;

        protected virtual async Task<IEnumerable<Row>> RowsAsync(ReadModelDefinition definition)
        {
            var all = await Right.QueryAsync(definition.Name, new DocumentQuery { Limit = int.MaxValue });
            var rows = all.ToDictionary(d => d.Key, d => new Row(d.Key, d.Data, new FieldValue[definition.Fields.Count]), StringComparer.Ordinal);
            for (var i = 0; i < definition.Fields.Count; i++)
            {
                foreach (var d in await Right.QueryAsync(definition.Name, new DocumentQuery { OrderBy = definition.Fields[i].Name, Limit = int.MaxValue }))
                {
                    if (rows.TryGetValue(d.Key, out var row)) row.Fields[i] = d.OrderedBy;
                }
            }

            return rows.Values;
        }

        /// <summary>Throws where there is no such field; whether there is anything to look for.</summary>
        protected virtual bool CheckFields(ReadModelDefinition definition, DocumentQuery query, string model)
        {
            definition.ThrowIfUnfit(query, model);
            return true;
        }

        protected virtual bool Meets(Row row, ReadModelDefinition definition, IReadOnlyList<FieldCondition> conditions, string model) =>
            conditions.All(c => IsMet(c, row.Fields[definition.IndexOf(c.Field, model)]));

        protected virtual bool IsMet(FieldCondition condition, FieldValue value) => condition.IsMetBy(value);

        protected virtual long Count(List<Row> rows, Func<Row, bool> meets) => rows.LongCount(meets);

        protected virtual int Compare(Row x, Row y, bool descending) =>
            (descending ? -1 : 1) * (CompareValues(x.At, y.At) is var byValue and not 0 ? byValue : CompareKeys(x.Key, y.Key));

        protected virtual int CompareValues(FieldValue x, FieldValue y) => x.CompareTo(y);

        protected virtual int CompareKeys(string x, string y) => new FieldValue(x).CompareTo(new FieldValue(y));

        protected virtual bool IsAfter(Row row, DocumentCursor cursor, List<Row> rows, bool descending) => Compare(row, new Row(cursor.Key, default, []) { At = cursor.Value }, descending) > 0;

        protected virtual FieldValue Show(FieldValue orderedBy) => orderedBy;

        internal sealed record Row(string Key, ReadOnlyMemory<byte> Data, FieldValue[] Fields)
        {
            public FieldValue At { get; init; }
        }
    }

    // Order

    public sealed class OrdersByUtf16(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override int CompareValues(FieldValue x, FieldValue y) => x.Kind == FieldKind.Text && y.Kind == FieldKind.Text ? string.CompareOrdinal(x.Text, y.Text) : x.CompareTo(y);

        protected override int CompareKeys(string x, string y) => string.CompareOrdinal(x, y);
    }

    public sealed class OrdersTextWithoutCase(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override int CompareValues(FieldValue x, FieldValue y) =>
            x.Kind == FieldKind.Text && y.Kind == FieldKind.Text && string.Compare(x.Text, y.Text, StringComparison.OrdinalIgnoreCase) is var order and not 0 ? order : x.CompareTo(y);
    }

    public sealed class OrdersNumbersAsText(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override int CompareValues(FieldValue x, FieldValue y) => x.Kind is null || y.Kind is null ? x.CompareTo(y) : string.CompareOrdinal(x.ToString(), y.ToString());
    }

    public sealed class OrdersWholeNumbersAsDoubles(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override int CompareValues(FieldValue x, FieldValue y) =>
            x.Kind == FieldKind.WholeNumber && y.Kind == FieldKind.WholeNumber ? ((double)x.WholeNumber).CompareTo(y.WholeNumber) : x.CompareTo(y);
    }

    public sealed class BreaksTiesByInsertion(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override int Compare(Row x, Row y, bool descending) =>
            x.At.Kind is null && y.At.Kind is null ? base.Compare(x, y, descending)
            : x.At.CompareTo(y.At) is var byValue and not 0 ? (descending ? -byValue : byValue)
            : WrittenAs(x.Key).CompareTo(WrittenAs(y.Key));
    }

    public sealed class ForgetsKeysWhenDescending(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override int Compare(Row x, Row y, bool descending) =>
            x.At.CompareTo(y.At) is var byValue and not 0 ? (descending ? -byValue : byValue)
            : CompareKeys(x.Key, y.Key) * (descending && x.At.Kind is null && y.At.Kind is null ? -1 : 1);
    }

    public sealed class PutsMissingValuesLast(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override int CompareValues(FieldValue x, FieldValue y) => x.Kind == y.Kind ? x.CompareTo(y) : -x.CompareTo(y);
    }

    public sealed class LosesTheValueThatOrders(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override FieldValue Show(FieldValue orderedBy) => default;
    }

    // Pages

    public sealed class PagesLoseTies(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override bool IsAfter(Row row, DocumentCursor cursor, List<Row> rows, bool descending) =>
            cursor.Value.Kind is null ? base.IsAfter(row, cursor, rows, descending) : (descending ? -1 : 1) * row.At.CompareTo(cursor.Value) > 0;
    }

    public sealed class PagesRepeatTheLast(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override bool IsAfter(Row row, DocumentCursor cursor, List<Row> rows, bool descending) => row.Key == cursor.Key || base.IsAfter(row, cursor, rows, descending);
    }

    /// <summary>As SQL has it: nothing is greater than NULL.</summary>
    public sealed class PagesEndAtMissingValues(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override bool IsAfter(Row row, DocumentCursor cursor, List<Row> rows, bool descending) =>
            (cursor.Value.Kind is not null || row.At.Kind is null) && base.IsAfter(row, cursor, rows, descending);
    }

    /// <summary>As SQL has it: NULL is less than nothing.</summary>
    public sealed class PagesNeverReachMissingValues(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override bool IsAfter(Row row, DocumentCursor cursor, List<Row> rows, bool descending) =>
            (cursor.Value.Kind is null || row.At.Kind is not null) && base.IsAfter(row, cursor, rows, descending);
    }

    public sealed class PagesNeedTheDocumentOfTheCursor(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override bool IsAfter(Row row, DocumentCursor cursor, List<Row> rows, bool descending) =>
            rows.Any(r => r.Key == cursor.Key) && base.IsAfter(row, cursor, rows, descending);
    }

    // Conditions

    /// <summary>As SQL has it: nothing is equal to NULL.</summary>
    public sealed class EqualMissesMissingValues(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override bool IsMet(FieldCondition condition, FieldValue value) => value.Kind is not null && condition.IsMetBy(value);
    }

    public sealed class BelowIncludesMissingValues(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override bool IsMet(FieldCondition condition, FieldValue value) =>
            condition.IsMetBy(value) || (value.Kind is null && condition.Comparison is FieldComparison.Below or FieldComparison.AtMost);
    }

    public sealed class AtLeastExcludesTheValue(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override bool IsMet(FieldCondition condition, FieldValue value) => condition.IsMetBy(value) && (condition.Comparison != FieldComparison.AtLeast || value != condition.Value);
    }

    public sealed class EqualIgnoresCase(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override bool IsMet(FieldCondition condition, FieldValue value) => condition.Comparison == FieldComparison.Equal && value.Kind == FieldKind.Text && condition.Value.Kind == FieldKind.Text
            ? string.Equals(value.Text, condition.Value.Text, StringComparison.OrdinalIgnoreCase)
            : condition.IsMetBy(value);
    }

    public sealed class ComparesWholeNumbersAsDoubles(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override bool IsMet(FieldCondition condition, FieldValue value) => condition.Value.Kind == FieldKind.WholeNumber && value.Kind == FieldKind.WholeNumber
            ? (condition with { Value = new FieldValue((double)condition.Value.WholeNumber) }).IsMetBy(new FieldValue((double)value.WholeNumber))
            : condition.IsMetBy(value);
    }

    public sealed class LooksAtTheFirstConditionOnly(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override bool Meets(Row row, ReadModelDefinition definition, IReadOnlyList<FieldCondition> conditions, string model) => base.Meets(row, definition, [.. conditions.Take(1)], model);
    }

    public sealed class CountsWithoutConditions(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override long Count(List<Row> rows, Func<Row, bool> meets) => rows.Count;
    }

    public sealed class CountsOnePage(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override long Count(List<Row> rows, Func<Row, bool> meets) => rows.Where(meets).Take(256).LongCount();
    }

    // Fields

    public sealed class FindsNothingByAnUnknownField(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override bool CheckFields(ReadModelDefinition definition, DocumentQuery query, string model)
        {
            try
            {
                return base.CheckFields(definition, query, model);
            }
            catch (UnknownFieldException)
            {
                return false;
            }
        }
    }

    public sealed class FindsNothingByAValueOfAnotherKind(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override bool CheckFields(ReadModelDefinition definition, DocumentQuery query, string model)
        {
            try
            {
                return base.CheckFields(definition, query, model);
            }
            catch (ArgumentException)
            {
                return false;
            }
        }
    }

    public sealed class TellsTheCaseOfFieldsApart(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override bool CheckFields(ReadModelDefinition definition, DocumentQuery query, string model)
        {
            foreach (var condition in query.Conditions)
            {
                if (!definition.Fields.Any(f => f.Name == condition.Field)) throw new UnknownFieldException(model, condition.Field, definition);
            }

            return base.CheckFields(definition, query, model);
        }
    }

    /// <summary>Replaces the bytes of a document that is there, and leaves the values of its fields.</summary>
    public sealed class LeavesFieldValuesStale(EventStorageOptions options) : LooksThroughAll(options)
    {
        private readonly ConcurrentDictionary<(string, string), IReadOnlyList<FieldValue>> _first = [];

        protected override ReadModelCommit Change(ReadModelCommit commit) => commit with
        {
            Changes = [.. commit.Changes.Select(c => c.Data is null ? c : c with { Fields = _first.GetOrAdd((c.Model, c.Key), c.Fields) })],
        };
    }

    public sealed class ReadsFieldsAndDocumentsApart(EventStorageOptions options) : LooksThroughAll(options)
    {
        protected override async Task<IEnumerable<Row>> RowsAsync(ReadModelDefinition definition)
        {
            var before = (await base.RowsAsync(definition)).ToDictionary(row => row.Key, row => row.Data);
            await Task.Delay(1);
            return (await base.RowsAsync(definition)).Select(row => row with { Data = before.GetValueOrDefault(row.Key, row.Data) });
        }

        // Slow enough that a reader gets in between.
        public override async ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
        {
            await base.CommitAsync(commit, cancellationToken);
            await Task.Delay(1, CancellationToken.None);
        }
    }
}
