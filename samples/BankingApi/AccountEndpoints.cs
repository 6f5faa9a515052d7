using Banking;
using EventSourcing;

namespace BankingApi;

/// <summary>Accounts over HTTP. Each handler gives one command to the accounts, or reads what they are.</summary>
internal static class AccountEndpoints
{
    public static void MapAccounts(this WebApplication app)
    {
        app.MapPut("/accounts/{id}", OpenAsync);
        app.MapGet("/accounts/{id}", GetAsync);
        app.MapGet("/accounts/{id}/statement", StatementAsync);
        app.MapPost("/accounts/{id}/deposits", DepositAsync);
        app.MapPost("/accounts/{id}/withdrawals", WithdrawAsync);
        app.MapPost("/transfers", TransferAsync);
        app.MapGet("/balances", BalancesAsync);
    }

    private static async Task<IResult> OpenAsync(
        string id, IdempotencyKey key, NewAccount account, EventStore store, CancellationToken stop)
    {
        var result = await store.Aggregate<Account>(id)
            .CreateAsync(a => a.Open(account.Owner), commandId: key.CommandId, cancellationToken: stop);
        return TypedResults.Created($"/accounts/{id}", Booked.Of(result)).WithVersion(result.Version);
    }

    /// <summary>The account now, or as it was at an instant.</summary>
    private static async Task<IResult> GetAsync(string id, DateTimeOffset? at, EventStore store, CancellationToken stop)
    {
        var account = await store.Aggregate<Account>(id).LoadAsync(at is { } past ? AsOf.Instant(past) : AsOf.Now, stop);
        return TypedResults.Ok(new AccountView(id, account.Owner, account.Balance, account.Version)).WithVersion(account.Version);
    }

    private static async Task<IReadOnlyList<StatementLine>> StatementAsync(string id, EventStore store, CancellationToken stop)
    {
        var lines = new List<StatementLine>();
        await foreach (var e in store.ReadStreamAsync(store.Aggregate<Account>(id).Stream, cancellationToken: stop))
            lines.Add(StatementLine.Of(e));
        return lines;
    }

    private static Task<IResult> DepositAsync(
        string id, IdempotencyKey key, IfMatch seen, Booking booking, EventStore store, CancellationToken stop) =>
        BookAsync(id, a => a.Deposit(booking.Transaction, Operation.CashDeposit, booking.Amount), key, seen, store, stop);

    private static Task<IResult> WithdrawAsync(
        string id, IdempotencyKey key, IfMatch seen, Booking booking, EventStore store, CancellationToken stop) =>
        BookAsync(id, a => a.Withdraw(booking.Transaction, Operation.CashWithdrawal, booking.Amount), key, seen, store, stop);

    private static async Task<IResult> BookAsync(
        string id, Action<Account> book, IdempotencyKey key, IfMatch seen, EventStore store, CancellationToken stop)
    {
        var result = await store.Aggregate<Account>(id).UpdateAsync(
            account =>
            {
                seen.ThrowIfNot(account.Version);
                book(account);
            },
            commandId: key.CommandId,
            cancellationToken: stop);
        return TypedResults.Ok(Booked.Of(result)).WithVersion(result.Version);
    }

    /// <summary>Both accounts change in one commit, or neither does.</summary>
    private static async Task<Booked> TransferAsync(IdempotencyKey key, Transfer transfer, EventStore store, CancellationToken stop)
    {
        var result = await store.UpdateTogetherAsync(
            async token =>
            {
                var from = await store.Aggregate<Account>(transfer.From).LoadAsync(cancellationToken: token);
                var to = await store.Aggregate<Account>(transfer.To).LoadAsync(cancellationToken: token);
                from.Withdraw(transfer.Transaction, Operation.Transfer, transfer.Amount);
                to.Deposit(transfer.Transaction, Operation.Transfer, transfer.Amount);
                return [from, to];
            },
            commandId: key.CommandId,
            cancellationToken: stop);
        return Booked.Of(result);
    }

    /// <summary>
    /// The accounts with the highest balances. With a position, it waits until that is in: the caller reads its own writes.
    /// </summary>
    private static async Task<IReadOnlyList<AccountView>> BalancesAsync(
        long? after, ReadModel<AccountBalance> balances, CancellationToken stop)
    {
        if (after is { } position) await balances.WaitForAsync(position, TimeSpan.FromSeconds(5), stop);
        var top = await balances.Query().OrderByDescending(AccountBalances.Balance).Take(10).ToListAsync(stop);
        return [.. top.Select(one => new AccountView(one.Key, one.Value.Owner, one.Value.Balance, one.Value.Transactions + 1))];
    }
}
