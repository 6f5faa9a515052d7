using System.Globalization;
using static EventSourcing.Testing.Documents;

namespace EventSourcing.Testing;

/// <summary>Appends with read models that count events.</summary>
internal static class AppendedReadModels
{
    public const string Count = "count";

    public static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) =>
        new(title, ConformanceRule.AppendedReadModels, async store =>
        {
            await SeedAsync(store);
            await run(store);
        });

    public static Task<AppendResult> AppendAsync(
        StoreUnderTest store,
        Func<IAppendTransaction, CancellationToken, ValueTask<ReadModelCommit>> readModels,
        params IReadOnlyList<StreamWrite> writes) =>
        store.AppendAsync(new AppendRequest(writes) { ReadModels = readModels });

    public static ValueTask<ReadModelCommit> Changing(params IReadOnlyList<DocumentChange> changes) =>
        ValueTask.FromResult(new ReadModelCommit { Changes = changes });

    /// <summary>The plainest inline projection: a document that counts events.</summary>
    public static async ValueTask<ReadModelCommit> CountEvents(IAppendTransaction transaction, CancellationToken cancellationToken)
    {
        var loaded = await transaction.LoadAsync("people", [Count], cancellationToken);
        return new ReadModelCommit { Changes = [Put("people", Count, $"{Number(Text(loaded[0])) + transaction.Events.Count}")] };
    }

    public static async Task<long> CountedAsync(StoreUnderTest store) =>
        Number(Text((await store.ReadModels.LoadAsync("people", [Count]))[0]));

    public static long Number(string? text) => text is null ? 0 : long.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>What a read model throws to refuse an append: an exception that no storage throws itself.</summary>
    public sealed class Refusal() : Exception("This read model refuses the append.");
}
