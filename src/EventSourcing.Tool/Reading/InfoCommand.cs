using System.CommandLine;

namespace EventSourcing.Tool;

/// <summary><c>info STORE</c></summary>
internal static class InfoCommand
{
    public static Command Create(Evs evs)
    {
        var store = Arguments.Store();
        var command = new Command("info", "Says what a store holds: how many events, of when, how large, which read models.") { store };
        command.SetAction((parsed, cancellationToken) => RunAsync(evs.ScreenOf(parsed), evs.StoreOf(parsed, store), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(Screen screen, StoreText text, CancellationToken cancellationToken)
    {
        await using var store = await text.OpenToReadAsync(cancellationToken);
        var tree = await store.Storage.Ledger.GetFrontierAsync(cancellationToken);
        var types = await store.Catalog.ListEventTypesAsync(cancellationToken);
        var readModels = await store.Catalog.ListReadModelsAsync(cancellationToken);
        var size = await store.Catalog.GetSizeAsync(cancellationToken);
        var projections = await store.ProjectionAdmin().GetStatusAsync(cancellationToken);
        var first = await InstantAtAsync(store, 1, cancellationToken);
        var last = await InstantAtAsync(store, tree.Size, cancellationToken);
        var erasures = await store.GetVersionAsync(PayloadsErased.StreamName, cancellationToken);
        var movedTo = await store.Storage.GetMovedToAsync(cancellationToken);
        var parked = projections.Sum(projection => projection.Parked);
        var served = readModels.Where(model => model.Aliases.Count > 0)
            .SelectMany(model => model.Aliases).Where(alias => alias[0] != '$').Order(StringComparer.Ordinal).ToList();
        if (screen.IsJson)
        {
            screen.Json(json =>
            {
                json.WriteStartObject();
                json.WriteString("store", text.Display);
                if (movedTo is not null) json.WriteString("movedTo", movedTo);
                json.WriteNumber("events", tree.Size);
                json.WriteString("root", Format.Root(tree.Root()));
                if (first is { } from) json.WriteString("firstRecordedAt", Format.Exact(from));
                if (last is { } to) json.WriteString("lastRecordedAt", Format.Exact(to));
                json.WriteNumber("types", types.Count);
                json.WriteNumber("erasures", erasures);
                json.WriteNumber("projections", projections.Count);
                json.WriteNumber("parked", parked);
                json.WriteStartArray("readModels");
                foreach (var model in served) json.WriteStringValue(model);
                json.WriteEndArray();
                if (size is not null)
                {
                    json.WriteNumber("bytes", size.TotalBytes);
                    json.WriteNumber("freeBytes", size.FreeBytes);
                    json.WriteStartObject("parts");
                    foreach (var part in size.Parts) json.WriteNumber(part.Name, part.Bytes);
                    json.WriteEndObject();
                }

                json.WriteEndObject();
            });
            return ExitCode.Done;
        }

        screen.Field("store", Cells.OneLine(text.Display));
        if (movedTo is not null) screen.Field("sealed", $"it has moved to '{Cells.OneLine(movedTo)}' and takes no more writes");
        screen.Field("events", first is { } oldest && last is { } newest
            ? $"{Format.Count(tree.Size)}, recorded {Format.Instant(oldest)} to {Format.Instant(newest)}"
            : "none");
        screen.Field("root", Format.Root(tree.Root()));
        screen.Field("types", Format.Count(types.Count));
        if (erasures > 0) screen.Field("erasures", $"{Format.Count(erasures)} on record in the stream {PayloadsErased.StreamName}");
        if (served.Count > 0) screen.Field("read models", string.Join(", ", served.Select(Cells.OneLine)));
        if (projections.Count > 0)
            screen.Field("projections", Format.Count(projections.Count) + (parked > 0 ? $", {Format.Count(parked)} parked" : ""));
        if (size is not null) screen.Field("size", SizeText(size));
        return ExitCode.Done;
    }

    private static string SizeText(StorageSize size) =>
        Format.Bytes(size.TotalBytes)
        + (size.FreeBytes > 0 ? $", {Format.Bytes(size.FreeBytes)} of it free" : "");

    private static async Task<DateTimeOffset?> InstantAtAsync(EventStore store, long position, CancellationToken cancellationToken)
    {
        if (position == 0) return null;
        using var page = await store.Storage.ReadLogAsync(new LogRead { After = position - 1, Limit = 1 }, cancellationToken);
        return page.Count == 0 ? null : page.Events[0].RecordedAt;
    }
}
