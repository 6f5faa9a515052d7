using System.Collections.Concurrent;
using EventSourcing;

namespace Shop;

/// <summary>Plays a day: minute by minute, and within a minute everybody at once.</summary>
internal sealed class Load(ShopStore shop, DayPlan plan, ShopClock clock)
{
    private const int AtOnce = 32;
    private readonly Storefront _storefront = new(shop.Events);

    // Which account each visitor has ended up with.
    private readonly ConcurrentDictionary<string, string> _accounts = new(StringComparer.Ordinal);
    private int _minute;
    private long _orders;
    private long _registrationsRefused;
    private long _soldOut;
    private long _doubleClicks;

    /// <summary>The minute of the day that is being played.</summary>
    public int Minute => Volatile.Read(ref _minute);

    public long Orders => Interlocked.Read(ref _orders);

    /// <summary>How many registrations met an address that somebody had.</summary>
    public long RegistrationsRefused => Interlocked.Read(ref _registrationsRefused);

    /// <summary>How many carts met an item that was sold out.</summary>
    public long SoldOut => Interlocked.Read(ref _soldOut);

    /// <summary>How many second clicks placed no second order.</summary>
    public long DoubleClicks => Interlocked.Read(ref _doubleClicks);

    /// <summary>How often somebody else was faster, so that a command was decided again.</summary>
    public long Conflicts => _storefront.Conflicts;

    /// <summary>Plays the day, or what is left of it.</summary>
    /// <param name="pace">Waits for the time to begin a minute; by default there is no waiting.</param>
    /// <param name="until">The minute to stop before; by default the end of the day.</param>
    /// <param name="cancellationToken">Ends the day early, between two steps.</param>
    public async Task PlayAsync(Func<int, CancellationToken, Task>? pace = null, int until = DayPlan.Minutes, CancellationToken cancellationToken = default)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        if (Minute == 0) await Parallel.ForEachAsync(Catalogue.Regular.Concat(Catalogue.Limited.Select(limited => limited.Item)), options, ListAsync);
        while (Minute < until)
        {
            if (pace is not null) await pace(Minute, cancellationToken);
            clock.SetMinute(Minute);
            await Parallel.ForEachAsync(plan.ByMinute[Minute], options, PlayAsync);
            Interlocked.Increment(ref _minute);
        }
    }

    private async ValueTask ListAsync(CatalogueItem item, CancellationToken cancellationToken)
    {
        if (plan.Stock.TryGetValue(item.Sku, out var stock)) await _storefront.ListProductAsync(item.Sku, item.Name, item.Price, stock, cancellationToken);
    }

    private async ValueTask PlayAsync(Step step, CancellationToken cancellationToken) => await (step.Kind switch
    {
        StepKind.Register => RegisterAsync(step.Visit, cancellationToken),
        StepKind.FillCart => FillCartAsync(step.Visit, cancellationToken),
        StepKind.CheckOut => CheckOutAsync(step.Visit, cancellationToken),
        _ => CancelAsync(step.Visit, cancellationToken),
    });

    private async Task RegisterAsync(Visit visit, CancellationToken cancellationToken)
    {
        try
        {
            await _storefront.RegisterAsync(visit.Id, visit.Name, visit.Email, cancellationToken);
            _accounts[visit.Id] = visit.Id;
        }
        catch (EmailTakenException taken)
        {
            Interlocked.Increment(ref _registrationsRefused);
            _accounts[visit.Id] = taken.CustomerId;
        }
    }

    private async Task FillCartAsync(Visit visit, CancellationToken cancellationToken)
    {
        if (visit.UsesTabs)
        {
            await Task.WhenAll(visit.Basket.Select(AddAsync));
            return;
        }

        foreach (var item in visit.Basket) await AddAsync(item);

        Task AddAsync((string Sku, int Quantity) item) => _storefront.AddToCartAsync(visit.Id, item.Sku, item.Quantity, cancellationToken);
    }

    private async Task CheckOutAsync(Visit visit, CancellationToken cancellationToken)
    {
        var clicks = await Task.WhenAll(Enumerable.Range(0, visit.DoubleClicks ? 2 : 1).Select(_ => ClickAsync()));
        if (clicks.Contains(Click.Ordered)) Interlocked.Increment(ref _orders);
        else Interlocked.Increment(ref _soldOut);
        if (clicks.Contains(Click.Ordered) && clicks.Length > 1) Interlocked.Increment(ref _doubleClicks);

        async Task<Click> ClickAsync()
        {
            try
            {
                return await _storefront.CheckOutAsync(visit.Id, visit.Id, _accounts[visit.Id], visit.Card, cancellationToken) ? Click.Ordered : Click.WasOrdered;
            }
            catch (OutOfStockException)
            {
                return Click.SoldOut;
            }
        }
    }

    private Task CancelAsync(Visit visit, CancellationToken cancellationToken) => _storefront.RequestCancellationAsync(visit.Id, cancellationToken);

    private enum Click
    {
        Ordered,
        WasOrdered,
        SoldOut,
    }
}
