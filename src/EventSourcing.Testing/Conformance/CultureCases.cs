using System.Globalization;
using static EventSourcing.Testing.Documents;
using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>A store reads and writes the same in every culture, whatever signs and separators the culture has.</summary>
internal static class CultureCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Append_in_a_culture_with_other_signs_stores_what_every_culture_stores", async (store, there) =>
        {
            var events = store.Events(3);
            var appended = await there.AppendAsync(
                Request(Write("a", ExpectedVersion.NoStream, events)) with { Conditions = [new AppendCondition(EventQuery.All, 0)] },
                store.CancellationToken);
            Expect.Equal(3, appended.Position, "the position of the append");
            var backwards = new StreamRead("a") { Direction = ReadDirection.Backwards };
            using var page = await there.ReadStreamAsync(backwards, store.CancellationToken);
            Expect.Equal(3, page.Count, "the number of events in the stream");
            for (var i = 0; i < 3; i++)
            {
                Expect.Equal(3L - i, page.Events[i].Version, "the version of an event of the stream, read backwards");
                Expect.Equal(events[2 - i].Id, page.Events[i].Id, "the id of that event");
            }

            Expect.Equal(ManualClock.Start, page.Events[0].RecordedAt, "the stamp of an event");
        }),
        Case("Query_fields_in_a_culture_with_other_signs_finds_what_every_culture_finds", async (store, there) =>
        {
            await there.ReadModels.CommitAsync(new ReadModelCommit
            {
                Creates = [Books],
                Changes =
                [
                    Book("debt", "1", -5, -1.5, "I"), Book("nothing", "2", 0, 0, "i"), Book("much", "3", 1_000_000, 1234.5, "\u0130"),
                ],
            });
            await ExpectFoundAsync(store, there, Where("Price", FieldComparison.Below, new FieldValue(-1.25)), "debt");
            await ExpectFoundAsync(store, there, Where("Pages", FieldComparison.AtMost, new FieldValue(-5L)), "debt");
            await ExpectFoundAsync(store, there, Where("Price", FieldComparison.Equal, new FieldValue(1234.5)), "much");
            await ExpectFoundAsync(store, there, Where("Title", FieldComparison.Equal, new FieldValue("i")), "nothing");
            var byPages = new DocumentQuery { OrderBy = "Pages", Limit = 2 };
            var found = await there.ReadModels.QueryAsync("books", byPages, store.CancellationToken);
            Expect.Sequence(["debt", "nothing"], [.. found.Select(d => d.Key)], "the first two documents by a field");
        }),
    ];

    /// <summary>
    /// Made by hand, so that an app with invariant globalization can run the cases too. Its minus sign is the Swedish one.
    /// </summary>
    private static CultureInfo Elsewhere
    {
        get
        {
            var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            culture.NumberFormat.NegativeSign = "\u2212";
            culture.NumberFormat.PositiveSign = "\u200E+";
            culture.NumberFormat.NumberDecimalSeparator = ",";
            culture.NumberFormat.NumberGroupSeparator = ".";
            culture.DateTimeFormat.TimeSeparator = ".";
            culture.DateTimeFormat.DateSeparator = "/";
            return culture;
        }
    }

    private static async Task ExpectFoundAsync(StoreUnderTest store, IEventStorage there, FieldCondition condition, string key)
    {
        var found = await there.ReadModels.QueryAsync("books", new DocumentQuery { Conditions = [condition] }, store.CancellationToken);
        Expect.Sequence([key], [.. found.Select(d => d.Key)], $"the documents by {condition.Field}");
    }

    /// <summary>The culture flows with the call and ends with it.</summary>
    private static ConformanceCase Case(string title, Func<StoreUnderTest, IEventStorage, Task> run)
    {
        return new(title, ConformanceRule.Streams, RunAsync);

        async Task RunAsync(StoreUnderTest store)
        {
            CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = Elsewhere;
            await run(store, await store.OpenAnotherAsync(new EventStorageOptions { TimeProvider = store.Clock }));
        }
    }
}
