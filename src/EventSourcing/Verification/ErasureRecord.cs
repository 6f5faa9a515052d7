using System.Text.Json;

namespace EventSourcing;

/// <summary>The positions that a stored <see cref="PayloadsErased"/> names, read without trusting its writer.</summary>
internal static class ErasureRecord
{
    public static bool Is(in StoredEvent e) => e.Type == PayloadsErased.TypeName && e.Stream == PayloadsErased.StreamName;

    /// <summary>Reads the positions, by the only parser for such events.</summary>
    /// <param name="data">The event's data.</param>
    /// <param name="flaw">What is wrong with it; empty if it is such a record.</param>
    /// <returns>The positions, ascending; none if it is no such record.</returns>
    public static IReadOnlyList<long> Read(ReadOnlySpan<byte> data, out string flaw)
    {
        try
        {
            flaw = "";
            return PayloadsErased.Parse(data).Positions;
        }
        catch (JsonException wrong)
        {
            flaw = wrong.Message;
            return [];
        }
    }
}
