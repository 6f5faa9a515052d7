using System.Globalization;
using EventSourcing.Testing;
using Xunit.Abstractions;

namespace EventSourcing.Tests;

/// <summary>A case of the conformance kit as the argument of a theory: the whole title is the test's name.</summary>
public sealed class ContractCase : IXunitSerializable
{
    private string _title = "";

    public ContractCase()
    {
    }

    public ContractCase(string title) => _title = title;

    public static TheoryData<ContractCase> All => new(EventStorageConformance.Cases.Select(c => new ContractCase(c.Title)));

    /// <summary>
    /// All cases; only every sixth if <c>EVENTSOURCING_TEST_SAMPLE</c> is set. It is for a run that has little time, and for code
    /// that another suite runs whole.
    /// </summary>
    public static TheoryData<ContractCase> AllOrSample =>
        Environment.GetEnvironmentVariable("EVENTSOURCING_TEST_SAMPLE") is { Length: > 0 }
            ? new(EventStorageConformance.Cases.Where((_, i) => i % 6 == 0).Select(c => new ContractCase(c.Title)))
            : All;

    public Task RunAsync(IEventStorageFixture fixture) => EventStorageConformance.Get(_title).RunAsync(fixture);

    /// <summary>Runs the case in a culture, which all that it calls inherits.</summary>
    public async Task RunInAsync(string culture, IEventStorageFixture fixture)
    {
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo(culture, predefinedOnly: true);
        await RunAsync(fixture);
    }

    public void Deserialize(IXunitSerializationInfo info) => _title = info.GetValue<string>(nameof(_title));

    public void Serialize(IXunitSerializationInfo info) => info.AddValue(nameof(_title), _title);

    public override string ToString() => _title;
}
