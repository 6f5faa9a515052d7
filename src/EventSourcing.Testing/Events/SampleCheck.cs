using System.Text;

namespace EventSourcing.Testing;

/// <summary>The checks of types and samples, by a store in memory.</summary>
internal static class SampleCheck
{
    private const string Stream = "sample";

    public static async Task RunAsync(
        Sample sample, EventTypes types, EventStoreOptions? options, List<string> problems, CancellationToken cancellationToken)
    {
        if (!types.StoredNames.Contains(sample.StoredName))
        {
            problems.Add(
                $"{sample.File} cannot be read: '{sample.StoredName}' is not a name that the EventTypes know. "
                + "Events like it lie in databases: list the type again, give the event that it is now an alias, "
                + "or retire it by an upcaster.");
            return;
        }

        List<object> today;
        var store = new EventStore(new InMemoryEventStorage(), types, options);
        await using (store.ConfigureAwait(false))
        {
            try
            {
                var stored = new NewEvent(Guid.CreateVersion7(), sample.StoredName, Encoding.UTF8.GetBytes(sample.Json));
                await store.Storage.AppendAsync(
                    new AppendRequest([new StreamWrite(Stream, ExpectedVersion.NoStream, [stored])]),
                    cancellationToken).ConfigureAwait(false);
                today = await store.ReadStreamAsync(Stream, cancellationToken: cancellationToken)
                    .Select(e => e.Data).ToListAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (EventSourcingException failure)
            {
                problems.Add($"{sample.File} cannot be read: {failure.Message}");
                return;
            }
        }

        foreach (var e in today)
        {
            try
            {
                var written = await WriteAsync(e, types, options, cancellationToken).ConfigureAwait(false);
                if (written.StoredName == sample.StoredName && JsonText.FirstLost(sample.Json, written.Json) is { } lost)
                    problems.Add(
                        $"{sample.File} is read, but {lost} is lost when the event is written again: "
                        + "the type has lost or renamed that property, or changed its type. Keep the stored name by [JsonPropertyName], "
                        + "or raise the Version and say by an upcaster what becomes of it.");
            }
            catch (Exception failure) when (failure is ArgumentException or NotSupportedException or EventSourcingException)
            {
                problems.Add($"{sample.File} is read as {e.GetType()}, which cannot be written and read again: {failure.Message}");
            }
        }
    }

    /// <summary>A store builds JSON's contract of a type when it meets the first such event. This builds all of them at once.</summary>
    public static async Task OfTypesAsync(EventTypes types, EventStoreOptions? options, List<string> problems)
    {
        var store = new EventStore(new InMemoryEventStorage(), types, options);
        await using (store.ConfigureAwait(false))
        {
            foreach (var type in types.All.OrderBy(type => type.StoredName, StringComparer.Ordinal))
            {
                try
                {
                    store.Json.GetTypeInfo(type.ClrType);
                }
                catch (Exception failure) when (failure is NotSupportedException or InvalidOperationException)
                {
                    problems.Add(
                        $"JSON cannot handle {type.ClrType}, the type of events '{type.StoredName}', so none can be written or read: "
                        + $"{failure.Message} If EventStoreOptions.Json names a JsonSerializerContext, "
                        + $"add [JsonSerializable(typeof({type.ClrType.Name}))] to that.");
                }
            }
        }
    }

    /// <summary>An event as a store stores it, after it has been read again.</summary>
    public static async Task<Sample> WriteAsync(object e, EventTypes types, EventStoreOptions? options, CancellationToken cancellationToken)
    {
        var store = new EventStore(new InMemoryEventStorage(), types, options);
        await using (store.ConfigureAwait(false))
        {
            await store.AppendAsync(Stream, ExpectedVersion.NoStream, [e], cancellationToken: cancellationToken).ConfigureAwait(false);
            await store.ReadStreamAsync(Stream, cancellationToken: cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
            using var page = await store.Storage.ReadStreamAsync(new StreamRead(Stream), cancellationToken).ConfigureAwait(false);
            return new Sample(page.Events[0].Type, "", Encoding.UTF8.GetString(page.Events[0].Data.Span));
        }
    }
}
