using EventSourcing.Ledger.Interop;

namespace EventSourcing.Tests.Ledger;

/// <summary>Keys for tests: the same for the same number.</summary>
internal static class Keys
{
    public static Ed25519NoteSigner Ed25519(string name, byte number) => new(name, [.. Enumerable.Repeat(number, 32)]);
}
