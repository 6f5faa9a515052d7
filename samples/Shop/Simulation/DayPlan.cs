using System.Globalization;

namespace Shop;

/// <summary>
/// The plan of the simulated day, made before the day begins: who comes when, and does what. It follows from the seed alone. The
/// sums of the day are the same whoever wins a race. Those who race for the last items all want one piece of the same item, and all
/// have a good card. Those who race for an address share the account. Of everything else there is enough.
/// </summary>
internal sealed class DayPlan
{
    /// <summary>The doors are open from 8 to 22.</summary>
    public const int Minutes = 14 * 60;

    /// <summary>How many visitors want a limited item, for each piece that there is.</summary>
    private const int WantedPerLimitedItem = 3;

    private static readonly string[] FirstNames = ["Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gia", "Hugo", "Ida", "Jon", "Kim", "Leo", "Mia", "Ned", "Oda", "Pia"];
    private static readonly string[] LastNames = ["Adler", "Brook", "Costa", "Duval", "Evans", "Frost", "Garcia", "Hansen", "Ito", "Jansen", "Kaya", "Lind"];

    private readonly Random _random;
    private readonly Dictionary<string, int> _stock = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _racers = new(StringComparer.Ordinal);
    private readonly List<Visit> _visits = [];

    private DayPlan(int seed, int customers)
    {
        // The algorithm behind a seed is the same on every platform and has been since .NET Core 2.
        _random = new Random(seed);
        Seed = seed;
        while (_visits.Count < customers) AddFamily(customers - _visits.Count);
        foreach (var item in Catalogue.Regular) _stock[item.Sku] = _stock.GetValueOrDefault(item.Sku) + _random.Next(5, 50);
        ByMinute = _visits.SelectMany(Steps).ToLookup(step => step.Minute, step => step.Act);
    }

    public int Seed { get; }

    public IReadOnlyList<Visit> Visits => _visits;

    /// <summary>How many of each product there are in the morning.</summary>
    public IReadOnlyDictionary<string, int> Stock => _stock;

    /// <summary>What visitors do in each minute. All of one minute happens at once.</summary>
    public ILookup<int, Step> ByMinute { get; }

    public static DayPlan Create(int seed, int customers) => new(seed, customers);

    /// <summary>Adds one visitor, or a family that registers at the same moment under the same address.</summary>
    private void AddFamily(int atMost)
    {
        var size = Math.Min(atMost, Chance(0.04) ? _random.Next(2, 7) : 1);
        var lastName = Pick(LastNames);
        var email = string.Create(CultureInfo.InvariantCulture, $"{lastName.ToLowerInvariant()}{_visits.Count + 1}@example.com");
        var arrival = Arrival();
        for (var i = 0; i < size; i++)
        {
            var name = $"{Pick(FirstNames)} {lastName}";
            var id = (_visits.Count + 1).ToString("0000", CultureInfo.InvariantCulture);
            _visits.Add(Chance(0.15) ? Racer(id, name, email, arrival) : Shopper(id, name, email, arrival));
        }
    }

    private Visit Shopper(string id, string name, string email, int arrival)
    {
        var items = Enumerable.Range(0, 1 + _random.Next(3)).Select(_ => PopularProduct().Sku).Distinct(StringComparer.Ordinal).ToList();
        var fillsCart = arrival + _random.Next(1, 6);
        var checksOut = Chance(0.06) ? (int?)null : fillsCart + _random.Next(1, 10);
        var visit = new Visit
        {
            Id = id,
            Name = name,
            Email = email,
            Card = Card(),
            Basket = [.. items.Select(sku => (sku, 1 + (Chance(0.2) ? 1 : 0)))],
            RegistersAt = arrival,
            FillsCartAt = fillsCart,
            ChecksOutAt = checksOut,
            CancelsAt = checksOut is { } minute && Chance(0.05) ? minute + _random.Next(1, 30) : null,
            UsesTabs = Chance(0.1),
            DoubleClicks = Chance(0.08),
        };

        // Of an item that is not limited there is enough for everybody, whoever comes first.
        if (checksOut is not null) foreach (var (sku, quantity) in visit.Basket) _stock[sku] = _stock.GetValueOrDefault(sku) + quantity;
        return visit;
    }

    /// <summary>Somebody who comes for a limited item, and has the cart ready when the sale begins.</summary>
    private Visit Racer(string id, string name, string email, int arrival)
    {
        var (item, minute) = Pick(Catalogue.Limited);
        var racers = _racers[item.Sku] = _racers.GetValueOrDefault(item.Sku) + 1;
        _stock[item.Sku] = Math.Max(1, racers / WantedPerLimitedItem);
        return new Visit
        {
            Id = id,
            Name = name,
            Email = email,
            Card = SimulatedProvider.GoodCard,
            Basket = [(item.Sku, 1)],
            RegistersAt = Math.Min(arrival, minute - 2),
            FillsCartAt = minute - 1,
            ChecksOutAt = minute,
            DoubleClicks = Chance(0.3),
        };
    }

    private static IEnumerable<(int Minute, Step Act)> Steps(Visit visit)
    {
        yield return (visit.RegistersAt, new Step(visit, StepKind.Register));
        yield return (visit.FillsCartAt, new Step(visit, StepKind.FillCart));
        if (visit.ChecksOutAt is { } checksOut) yield return (checksOut, new Step(visit, StepKind.CheckOut));
        if (visit.CancelsAt is { } cancels) yield return (cancels, new Step(visit, StepKind.Cancel));
    }

    /// <summary>
    /// The minute at which a visitor arrives. Few arrive in the morning, and most after work. The last ones arrive early enough to finish
    /// before the doors close.
    /// </summary>
    private int Arrival() => (int)(Math.Pow(_random.NextDouble(), 0.8) * (Minutes - 60));

    /// <summary>Some products are wanted far more than others.</summary>
    private CatalogueItem PopularProduct() => Catalogue.Regular[(int)(Math.Pow(_random.NextDouble(), 1.4) * Catalogue.Regular.Count)];

    private string Card() => _random.NextDouble() switch
    {
        < 0.05 => SimulatedProvider.DeclinedCard,
        < 0.10 => SimulatedProvider.CardFailing(1),
        < 0.12 => SimulatedProvider.CardFailing(2),
        _ => SimulatedProvider.GoodCard,
    };

    private bool Chance(double probability) => _random.NextDouble() < probability;

    private T Pick<T>(IReadOnlyList<T> from) => from[_random.Next(from.Count)];
}

/// <summary>One thing that a visitor does.</summary>
internal readonly record struct Step(Visit Visit, StepKind Kind);

internal enum StepKind
{
    Register,
    FillCart,
    CheckOut,
    Cancel,
}
