namespace Shop;

/// <summary>A product of the simulated shop.</summary>
/// <param name="IsLimited">There are far fewer than are wanted, and all want it in the same minute.</param>
internal sealed record CatalogueItem(string Sku, string Name, decimal Price, bool IsLimited = false);

/// <summary>What the simulated shop sells.</summary>
internal static class Catalogue
{
    private static readonly string[] Things = ["Teapot", "Lamp", "Blanket", "Notebook", "Backpack", "Chess set", "Kettle", "Radio", "Umbrella", "Vase", "Scarf", "Clock"];
    private static readonly string[] Kinds = ["oak", "copper", "linen", "travel", "classic"];

    public static IReadOnlyList<CatalogueItem> Regular { get; } =
    [
        .. from thing in Enumerable.Range(0, Things.Length)
           from kind in Enumerable.Range(0, Kinds.Length)
           select new CatalogueItem($"P{(thing * Kinds.Length) + kind + 1:00}", $"{Things[thing]}, {Kinds[kind]}", 9.95m + ((thing * 7 % 12) * 6.50m) + (kind * 4.25m)),
    ];

    /// <summary>What people queue for: at 10:00, at 14:00 and at 19:00.</summary>
    public static IReadOnlyList<(CatalogueItem Item, int Minute)> Limited { get; } =
    [
        (new CatalogueItem("L1", "Print, signed", 120.00m, IsLimited: true), 2 * 60),
        (new CatalogueItem("L2", "Sneakers, limited", 189.00m, IsLimited: true), 6 * 60),
        (new CatalogueItem("L3", "Concert ticket", 75.50m, IsLimited: true), 11 * 60),
    ];
}
