using System.Text;
using System.Text.Json.Nodes;

namespace EventSourcing.Tests.Upcasting;

/// <summary>What was once a sum in euro, then an amount in a currency, and bears a fee today. It was once called "pay".</summary>
public sealed record Paid(decimal Amount, string Currency, decimal Fee);

public sealed record PaidV2(decimal Amount, string Currency);

public sealed record AddressChanged(string Street);

public sealed record PhoneChanged(string Number);

/// <summary>What is read as a payment of the price and, where there is one, a payment of the tip.</summary>
public sealed record Charged(decimal Price, decimal Tip);

public sealed record Closed;

/// <summary>An app that has changed its mind about its events in every way there is.</summary>
internal static class Wallet
{
    public static EventTypes Types { get; } = new(
        [
            EventType.Of<Paid>("paid", 3, "pay"), EventType.Of<PaidV2>("paid", 2), EventType.Of<AddressChanged>("address-changed"),
            EventType.Of<PhoneChanged>("phone-changed"), EventType.Of<Charged>("charged"), EventType.Of<Closed>("closed"),
        ],
        [
            Upcaster.Json("paid", 1, e => new JsonObject { ["amount"] = e["sum"]!.DeepClone(), ["currency"] = "EUR" }),
            Upcaster.Typed<PaidV2, Paid>(e => new Paid(e.Amount, e.Currency, 0)),
            Upcaster.Json<PaidV2>("tipped", 1, e => { e["currency"] = "EUR"; return e; }),
            Upcaster.Split("moved", 1, [typeof(AddressChanged), typeof(PhoneChanged)], Moved),
            Upcaster.Split<Charged>([typeof(Paid)], e => e.Tip == 0 ? [new Paid(e.Price, "EUR", 0)] : [new Paid(e.Price, "EUR", 0), new Paid(e.Tip, "EUR", 0)]),
            Upcaster.Split("looked-at", 1, [], _ => []),
        ]);

    /// <summary>Every kind of stored event: stored name, JSON, and what it is today.</summary>
    public static IReadOnlyList<(string StoredName, string Json, object[] Today)> Samples { get; } =
    [
        ("paid", """{"sum":1.10}""", [new Paid(1.10m, "EUR", 0)]),
        ("paid@2", """{"currency":"CHF","amount":2}""", [new Paid(2, "CHF", 0)]),
        ("paid@3", """{"amount":3,"currency":"USD","fee":0.3}""", [new Paid(3, "USD", 0.3m)]),
        ("pay", """{"sum":4}""", [new Paid(4, "EUR", 0)]),
        ("pay@2", """{"amount":5,"currency":"CHF"}""", [new Paid(5, "CHF", 0)]),
        ("tipped", """{"amount":6}""", [new Paid(6, "EUR", 0)]),
        ("moved", """{"street":"Elm","phone":"1"}""", [new AddressChanged("Elm"), new PhoneChanged("1")]),
        ("moved", """{"phone":"2"}""", [new PhoneChanged("2")]),
        ("moved", "{}", []),
        ("charged", """{"price":7,"tip":1}""", [new Paid(7, "EUR", 0), new Paid(1, "EUR", 0)]),
        ("looked-at", """{"by":"Ann"}""", []),
        ("closed", "{}", [new Closed()]),
    ];

    public static EventStore Open(IEventStorage storage) => new(storage, Types);

    public static EventStore Open(IEventStorage storage, Projection inline) =>
        new(storage, Types, new EventStoreOptions().WithInlineProjections(inline));

    /// <summary>An event as an app of its time has stored it.</summary>
    public static async Task<long> AppendOldAsync(this IEventStorage storage, string stream, string storedName, string json, params string[] tags) =>
        (await storage.AppendAsync(new AppendRequest([new StreamWrite(stream, ExpectedVersion.Any, [new NewEvent(Guid.CreateVersion7(), storedName, Encoding.UTF8.GetBytes(json)) { Tags = tags }])]))).Position;

    public static async Task AppendSamplesAsync(this IEventStorage storage, string stream = "wallet-1")
    {
        foreach (var (storedName, json, _) in Samples) await storage.AppendOldAsync(stream, storedName, json);
    }

    private static IEnumerable<object> Moved(JsonObject e)
    {
        if (e["street"] is { } street) yield return new AddressChanged((string)street!);
        if (e["phone"] is { } phone) yield return new PhoneChanged((string)phone!);
    }
}
