using System.Text;
using Microsoft.AspNetCore.Http;

namespace EventSourcing.Explorer;

/// <summary>What can be taken away as a file.</summary>
internal static class Downloads
{
    /// <summary>The data of an event, byte for byte as it is stored; or as it may be seen, if that is not the same.</summary>
    public static async Task DataAsync(HttpContext http, PageContext page)
    {
        var position = page.FindNumber("position")
            ?? throw new RefusedException(400, "Something is missing", "The address has no 'position'.");
        if (!page.Payloads.AreShown) throw new RefusedException(403, "Payloads are hidden", "You may not see the data of events here.");
        using var found = await page.Store.Storage.ReadLogAsync(SingleEventPage.At(position), page.Aborted).ConfigureAwait(false);
        if (found.Count == 0) throw SingleEventPage.Missing(position);
        var e = found.Events[0];
        if (e.IsErased)
            throw new RefusedException(
                410, "The data was erased",
                $"The payload of the event at position {position} was erased. "
                + $"See the stream {PayloadsErased.StreamName} for when and why.");
        var data = page.Payloads.AreWhole ? e.Data : Encoding.UTF8.GetBytes(page.Payloads.Of(e.Type, e.Data)!.Value.GetRawText());
        await SendAsync(http, $"event-{position}.json", "application/json", data).ConfigureAwait(false);
    }

    /// <summary>
    /// The proof that an event is in the log: a file that stands alone if a signed checkpoint covers the event, otherwise its parts as
    /// JSON.
    /// </summary>
    public static async Task ProofAsync(HttpContext http, PageContext page)
    {
        var position = page.FindNumber("position")
            ?? throw new RefusedException(400, "Something is missing", "The address has no 'position'.");
        var head = await page.Store.GetHeadAsync(page.Aborted).ConfigureAwait(false);
        if (position < 1 || position > head) throw SingleEventPage.Missing(position);
        var proof = await page.Store.Ledger.ProveInclusionAsync(position, cancellationToken: page.Aborted).ConfigureAwait(false);
        if (proof.Checkpoint is not null)
        {
            var file = proof.ToTlogProof(withPayload: page.Payloads.AreWhole).ToString();
            await SendAsync(
                http, $"event-{position}.tlog-proof", "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(file)).ConfigureAwait(false);
            return;
        }

        var disclosure = page.Payloads.AreWhole ? proof.Event : new EventDisclosure(proof.Event.Leaf);
        var parts = new UnsignedProof(
            position, proof.Inclusion.Size, proof.Root.ToString(), proof.Event.Leaf.Hash().ToString(),
            [.. proof.Inclusion.Hashes.Select(hash => hash.ToString())], Convert.ToBase64String(disclosure.ToBytes()));
        await SendAsync(
            http, $"event-{position}.proof.json", "application/json",
            System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(parts, ExplorerJson.Default.UnsignedProof)).ConfigureAwait(false);
    }

    private static async Task SendAsync(HttpContext http, string name, string type, ReadOnlyMemory<byte> content)
    {
        http.Response.ContentType = type;
        http.Response.ContentLength = content.Length;
        http.Response.Headers.ContentDisposition = $"attachment; filename=\"{name}\"";
        await http.Response.Body.WriteAsync(content, http.RequestAborted).ConfigureAwait(false);
    }
}

/// <summary>The parts of a proof that no signed checkpoint covers.</summary>
internal sealed record UnsignedProof(long Position, long Size, string Root, string Leaf, IReadOnlyList<string> Hashes, string Disclosure);
