namespace Shop;

/// <summary>
/// Who takes the money: somebody else, over a network. Both calls are safe to repeat under the same key, and both fail at
/// times without having said what came of them; so the order process repeats them.
/// </summary>
public interface IPaymentProvider
{
    /// <summary>Takes money from a card.</summary>
    /// <param name="key">The same for every repetition of one charge.</param>
    /// <param name="at">When the order was placed.</param>
    /// <exception cref="PaymentProviderException">There was no answer.</exception>
    Task<PaymentAnswer> ChargeAsync(Guid key, string card, decimal amount, DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>Gives money back.</summary>
    /// <param name="key">The same for every repetition of one refund.</param>
    /// <param name="receipt">What was charged.</param>
    /// <param name="at">When the refund was asked for.</param>
    /// <exception cref="PaymentProviderException">There was no answer.</exception>
    Task<PaymentAnswer> RefundAsync(Guid key, string receipt, DateTimeOffset at, CancellationToken cancellationToken);
}

/// <param name="Receipt">The provider's number for it; <see langword="null"/> where it was declined.</param>
/// <param name="At">When, by the provider's clock.</param>
/// <param name="DeclinedFor">Why it was declined.</param>
public sealed record PaymentAnswer(string? Receipt, DateTimeOffset At, string? DeclinedFor = null);

/// <summary>The provider did not answer. Whether it has done anything is not known.</summary>
public sealed class PaymentProviderException(string message) : Exception(message);
