using System.Collections.Concurrent;

namespace Shop;

/// <summary>
/// A payment provider as one has it in tests: what a card does is said by its token. Some are declined; with some the
/// provider fails to answer once or twice before it does. It answers by its own clock, so that the same order is paid in
/// the same minute however late it gets around to it.
/// </summary>
internal sealed class SimulatedProvider : IPaymentProvider
{
    public const string GoodCard = "tok_ok";
    public const string DeclinedCard = "tok_declined";
    private const string SlowCard = "tok_no_answer_";
    private static readonly TimeSpan TimeToAnswer = TimeSpan.FromSeconds(20);
    private readonly ConcurrentDictionary<Guid, int> _unanswered = new();
    private long _failures;

    /// <summary>How often it did not answer.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>A card with which the provider fails so many times.</summary>
    public static string CardFailing(int times) => $"{SlowCard}{times}";

    public Task<PaymentAnswer> ChargeAsync(Guid key, string card, decimal amount, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var failures = card.StartsWith(SlowCard, StringComparison.Ordinal) ? card[^1] - '0' : 0;
        if (_unanswered.AddOrUpdate(key, 0, (_, times) => times + 1) < failures)
        {
            Interlocked.Increment(ref _failures);
            return Task.FromException<PaymentAnswer>(new PaymentProviderException("The payment provider did not answer within 30 s."));
        }

        // Each time it did not answer has cost a minute. The receipt follows from the key: who asks again gets the same one.
        var answeredAt = at + TimeToAnswer + TimeSpan.FromMinutes(failures);
        return Task.FromResult(card == DeclinedCard ? new PaymentAnswer(null, answeredAt, "insufficient funds") : new PaymentAnswer(ReceiptOf(key), answeredAt));
    }

    public Task<PaymentAnswer> RefundAsync(Guid key, string receipt, DateTimeOffset at, CancellationToken cancellationToken) =>
        Task.FromResult(new PaymentAnswer(ReceiptOf(key), at + TimeToAnswer));

    private static string ReceiptOf(Guid key) => key.ToString("N")[..12];
}
