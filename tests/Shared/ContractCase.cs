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

    public Task RunAsync(IEventStorageFixture fixture) => EventStorageConformance.Get(_title).RunAsync(fixture);

    public void Deserialize(IXunitSerializationInfo info) => _title = info.GetValue<string>(nameof(_title));

    public void Serialize(IXunitSerializationInfo info) => info.AddValue(nameof(_title), _title);

    public override string ToString() => _title;
}
