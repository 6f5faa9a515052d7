using static EventSourcing.Testing.StoreUnderTest;

namespace EventSourcing.Testing;

/// <summary>Names that orders confuse, and an append that erases.</summary>
internal static class CatalogNames
{
    /// <summary>In the order of their code points, which differs from that of UTF-16 and of every culture.</summary>
    public static readonly string[] Names =
    [
        "$own", " ", "%", "A", "_", "a", "a%1", "a-", "a-1", "a-10", "a-2", "a-\uFFFF", "a-\U00010000", "a_1", "a\u0308", "aa", "b",
        "\u00E4", "\uD7FF", "\uE000", "\uFFFF", "\U0001F600", "\U0010FFFF",
    ];

    public static AppendRequest Erasing(StoreUnderTest store, params long[] positions) =>
        Request(Write(PayloadsErased.StreamName, ExpectedVersion.Any, Erasures.Record(store, positions))) with { Erase = positions };

    /// <summary>The bytes of UTF-8 have the order of the code points.</summary>
    public static string[] Ordered(IEnumerable<string> names) =>
        [.. names.OrderBy(name => Convert.ToHexString(System.Text.Encoding.UTF8.GetBytes(name)), StringComparer.Ordinal)];
}
