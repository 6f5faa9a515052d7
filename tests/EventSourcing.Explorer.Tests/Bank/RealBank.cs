using System.Globalization;
using System.Security.Cryptography;

namespace EventSourcing.Explorer.Tests.Bank;

/// <summary>
/// The transactions of a real bank, from a file that is not part of this repository: lines of
/// <c>transaction_id,account_id,date,type,operation,amount,balance</c> in the order of time. Each day of business is an event, and what was
/// booked on it is caused by it.
/// </summary>
public sealed class RealBank : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("explorer-real-").FullName;
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly BankClock _clock = new();
    private RunningProjections? _running;

    private RealBank()
    {
        var ledger = new LedgerOptions
        {
            Origin = "bank.example/ledger",
            Signers = [new EcdsaNoteSigner("bank.example/ledger", _key)],
            Sink = new FileCheckpointSink(Path.Combine(_folder, "checkpoints")),
            EveryEvents = null,
            Interval = null,
        };
        var storage = new SqliteEventStorage(Path.Combine(_folder, "bank.db"), new SqliteEventStorageOptions { TimeProvider = _clock });
        Store = new EventStore(storage, EventTypes.FromAssemblyOf<Account>(), new EventStoreOptions { Ledger = ledger });
    }

    public EventStore Store { get; }

    /// <summary>The account with the most bookings.</summary>
    public string Busiest { get; private set; } = "";

    /// <summary>The position of its newest booking.</summary>
    public long Shown { get; private set; }

    /// <summary>Imports the transactions of a file.</summary>
    public static async Task<RealBank> OpenAsync(string file)
    {
        var bank = new RealBank();
        await bank.FillAsync(file);
        return bank;
    }

    public async ValueTask DisposeAsync()
    {
        if (_running is not null) await _running.DisposeAsync();
        await Store.DisposeAsync();
        _key.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task FillAsync(string file)
    {
        var lines = File.ReadLines(file).Skip(1).Select(line => line.Split(',')).ToList();
        var opened = new HashSet<string>();
        Busiest = "account-" + lines.GroupBy(line => line[1]).MaxBy(group => group.Count())!.Key;
        foreach (var day in lines.GroupBy(line => line[2]))
        {
            var midnight = DateTimeOffset.ParseExact(day.Key, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
            _clock.Now = midnight.AddHours(6);
            var stored = await Store.AppendAsync(
                "business-days", ExpectedVersion.Any, [new DayOpened(day.Key)], new EventMetadata { CorrelationId = $"day-{day.Key}" });
            var opening = await Store.ReadLogAsync(new LogReadOptions { After = stored.Position - 1, Limit = 1 }).SingleAsync();
            foreach (var some in day.Chunk(20))
            {
                _clock.Now += TimeSpan.FromMinutes(7);
                var bookings = some.GroupBy(line => line[1]).Select(account => new StreamAppend(
                    $"account-{account.Key}",
                    ExpectedVersion.Any,
                    [.. Openings(account.Key), .. account.Select(Booking)]));
                await Store.AppendAsync([.. bookings], EventMetadata.CausedBy(opening));
            }
        }

        Shown = (await Store.Catalog.ListStreamsAsync(Busiest).FirstAsync()).LastPosition;
        _running = Store.StartProjections(new Balances());
        await _running.CatchUpAsync(TimeSpan.FromMinutes(5));
        await Store.Ledger.SignCheckpointAsync();

        IEnumerable<object> Openings(string account) => opened.Add(account) ? [new AccountOpened($"holder {account}", "CZK")] : [];
    }

    private static object Booking(string[] line)
    {
        var amount = decimal.Parse(line[5], CultureInfo.InvariantCulture);
        object e = line[3] == "credit" ? new MoneyDeposited(amount, line[4]) : new MoneyWithdrawn(amount, line[4]);
        return new EventData(e) { Tags = [line[4]] };
    }
}
