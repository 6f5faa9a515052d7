using System.Text.Json;

namespace EventSourcing.Explorer;

/// <summary>The orders that were given in the explorer. They are documents of the store, beside those of the projections.</summary>
internal static class OrderRecords
{
    public const string Model = "$explorer-orders";

    private static readonly ReadModelDefinition Definition = new(Model, []);

    /// <summary>Stores the record of an order before the order is given.</summary>
    public static async Task<(string Key, OrderRecord Record)> BeginAsync(
        EventStore store, OrderRecord record, CancellationToken cancellationToken)
    {
        var key = Guid.CreateVersion7(record.At).ToString("N");
        await WriteAsync(store, key, record, cancellationToken).ConfigureAwait(false);
        return (key, record);
    }

    public static Task EndAsync(
        EventStore store, (string Key, OrderRecord Record) begun, string outcome, CancellationToken cancellationToken) =>
        WriteAsync(store, begun.Key, begun.Record with { Outcome = outcome }, cancellationToken);

    /// <summary>The newest orders, the newest first.</summary>
    public static async Task<IReadOnlyList<OrderRecord>> ListAsync(EventStore store, int limit, CancellationToken cancellationToken)
    {
        var found = await store.Storage.ReadModels.QueryAsync(
            Model, new DocumentQuery { Descending = true, Limit = limit }, cancellationToken).ConfigureAwait(false);
        return [.. found.Select(document => JsonSerializer.Deserialize(document.Data.Span, ExplorerJson.Default.OrderRecord)!)];
    }

    private static async Task WriteAsync(EventStore store, string key, OrderRecord record, CancellationToken cancellationToken)
    {
        var change = new DocumentChange(Model, key, JsonSerializer.SerializeToUtf8Bytes(record, ExplorerJson.Default.OrderRecord));
        await store.Storage.ReadModels.CommitAsync(
            new ReadModelCommit { Creates = [Definition], Changes = [change] }, cancellationToken).ConfigureAwait(false);
    }
}
