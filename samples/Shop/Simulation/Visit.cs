namespace Shop;

/// <summary>What one visitor of the simulated day is going to do, and in which minutes. Their steps are never in the same minute.</summary>
internal sealed record Visit
{
    /// <summary>The number that cart, order and customer are called by.</summary>
    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary>The address to register with. Families share one: the fastest registers, the others use that account.</summary>
    public required string Email { get; init; }

    public required string Card { get; init; }

    public required IReadOnlyList<(string Sku, int Quantity)> Basket { get; init; }

    public required int RegistersAt { get; init; }

    public required int FillsCartAt { get; init; }

    /// <summary><see langword="null"/> for those who leave the cart standing.</summary>
    public int? ChecksOutAt { get; init; }

    /// <summary><see langword="null"/> for those who keep what they have ordered.</summary>
    public int? CancelsAt { get; init; }

    /// <summary>Puts everything into the cart at once, from several tabs.</summary>
    public bool UsesTabs { get; init; }

    /// <summary>Clicks twice on the button that places the order.</summary>
    public bool DoubleClicks { get; init; }
}
