namespace EventSourcing.Testing;

/// <summary>
/// The contract of <see cref="IEventStorage"/> as cases, for any test framework. Run every case on a fixture of your storage. No case is
/// optional, and none is skipped.
/// </summary>
/// <example>
/// With xUnit:
/// <code>
/// public static TheoryData&lt;string&gt; Titles => [.. EventStorageConformance.Cases.Select(c => c.Title)];
///
/// [Theory, MemberData(nameof(Titles))]
/// public Task Keeps_the_contract(string title) => EventStorageConformance.Get(title).RunAsync(new MyFixture());
/// </code>
/// </example>
public static class EventStorageConformance
{
    private static readonly Dictionary<string, ConformanceCase> ByTitle = Everything().ToDictionary(c => c.Title, StringComparer.Ordinal);

    /// <summary>All cases, each title once.</summary>
    public static IReadOnlyList<ConformanceCase> Cases { get; } = [.. ByTitle.Values];

    /// <summary>Finds a case by its title.</summary>
    /// <param name="title">The title.</param>
    /// <returns>The case.</returns>
    /// <exception cref="ArgumentException">No case has that title.</exception>
    public static ConformanceCase Get(string title) => ByTitle.TryGetValue(title, out var found)
        ? found
        : throw new ArgumentException($"There is no conformance case '{title}'.", nameof(title));

    private static IEnumerable<ConformanceCase> Everything() =>
    [
        .. AppendCases.All,
        .. ExpectedVersionCases.All,
        .. IdempotenceCases.All,
        .. QueryCases.All,
        .. ConditionCases.All,
        .. ArgumentCases.All,
        .. LimitCases.All,
        .. NameCases.All,
        .. TimeCases.All,
        .. CultureCases.All,
        .. ReadStreamCases.All,
        .. ReadLogCases.All,
        .. EventIdCases.All,
        .. StreamListCases.All,
        .. CatalogCases.All,
        .. MemoryCases.All,
        .. CancellationCases.All,
        .. WaitCases.All,
        .. ContentionCases.All,
        .. ConcurrentAppendCases.All,
        .. ConcurrentReadCases.All,
        .. DocumentLoadCases.All,
        .. DocumentCommitCases.All,
        .. RefusedCommitCases.All,
        .. DocumentGuardCases.All,
        .. DocumentOrderCases.All,
        .. DocumentQueryCases.All,
        .. DocumentQueryChangeCases.All,
        .. DocumentPageCases.All,
        .. RandomQueryCases.All,
        .. AppendedSightCases.All,
        .. AppendedReadModelCases.All,
        .. AppendedRefusalCases.All,
        .. TableCases.All,
        .. TableRefusalCases.All,
        .. LeafCases.All,
        .. LedgerReadCases.All,
        .. ErasureCases.All,
        .. ErasureRefusalCases.All,
        .. ErasureConcurrencyCases.All,
        .. ImportCases.All,
        .. ImportPlaceCases.All,
        .. ImportErasureCases.All,
        .. ImportConcurrencyCases.All,
        .. ImportArgumentCases.All,
        .. ReadOnlyCases.All,
        .. MoveCases.All,
    ];
}
