using System.Net;
using System.Text.Json.Nodes;
using EventSourcing.Explorer.Tests.Bank;
using Microsoft.AspNetCore.Builder;

namespace EventSourcing.Explorer.Tests.Serving;

/// <summary>What is hidden is on no page, in no form: not in a list, a state, a document, an error, a proof, a download or the live
/// log.</summary>
[Collection(nameof(SampleHost))]
public class PayloadTests(SampleHost sample)
{
    private static readonly string[] Secrets = ["Ann Harper", "transfer 2041 to Ben", "1088.19", "teller-3", "Rua da Prata", "The reference", "9007199254740993"];

    [Fact]
    public async Task Hidden_payloads_are_on_no_page()
    {
        await using var host = await TestHost.StartAsync(sample.Bank, explorer => explorer.HidePayloads = true);
        await AssertHiddenAsync(host.Client, "events/", Secrets);
        (await SampleHost.OpenAsync(host.Client, "events/log")).Body!.TextContent
            .Should().Contain("Payloads are hidden.").And.Contain("money-withdrawn").And.Contain("account-ann");
        (await host.Client.GetAsync("events/data?position=1")).StatusCode.Should().Be(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Payloads_are_shown_to_those_whom_the_policy_lets_see_them()
    {
        await using var host = await TestHost.StartAsync(sample.Bank.Store, app =>
        {
            app.UseAuthentication();
            app.UseAuthorization();
            app.MapEventExplorer("/events", explorer =>
            {
                SampleBank.Show(explorer);
                explorer.PayloadPolicy = "auditors";
            });
        }, TestUsers.Add);

        await AssertHiddenAsync(host.Client, "events/", Secrets);
        host.Client.DefaultRequestHeaders.Add(TestUsers.Name, "ann");
        host.Client.DefaultRequestHeaders.Add(TestUsers.Roles, "auditor");
        (await host.Client.GetStringAsync("events/stream?name=account-ann"))
            .Should().Contain("Ann Harper").And.Contain("transfer 2041 to Ben");
    }

    [Fact]
    public async Task Redacted_members_are_on_no_page_and_the_others_are()
    {
        await using var host = await TestHost.StartAsync(sample.Bank, explorer => explorer.Redact = static (name, data) =>
        {
            if (data is not JsonObject members) return data;
            foreach (var member in new[] { "owner", "reference", "street" }.Where(members.ContainsKey)) members[member] = $"({name})";
            return members;
        });

        await AssertHiddenAsync(host.Client, "events/", ["Ann Harper", "transfer 2041 to Ben", "Rua da Prata", "The reference"]);
        var stream = await host.Client.GetStringAsync("events/stream?name=account-ann");
        stream.Should().Contain("(account)").And.Contain("balance").And.Contain("(money-withdrawn)");
        (await host.Client.GetStringAsync("events/document?model=Balances&key=ann")).Should().Contain("(Balances)");
        (await host.Client.GetStringAsync("events/data?position=1")).Should().Contain("(account-opened)").And.NotContain("Ann Harper");
    }

    [Fact]
    public async Task Redaction_that_fails_shows_nothing_and_the_page_is_there()
    {
        await using var host = await TestHost.StartAsync(
            sample.Bank, explorer => explorer.Redact = static (_, _) => throw new InvalidOperationException("Ann Harper"));
        await AssertHiddenAsync(host.Client, "events/", Secrets[..2]);
        (await host.Client.GetStringAsync("events/log")).Should().Contain("the redaction failed");
    }

    private async Task AssertHiddenAsync(HttpClient client, string prefix, string[] secrets)
    {
        foreach (
            var page in sample.Pages.Append("proof?position=1").Append($"proof?position={sample.Bank.AnnPaid}").Append("data?position=1"))
        {
            foreach (var type in new[] { "text/html", "application/json" })
            {
                using var answer = await AccessTests.SendAsync(client, prefix + page, ("Accept", type));
                var text = WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync());
                foreach (var secret in secrets) text.Should().NotContain(secret, "{0} as {1} hides it", page, type);
                foreach (var secret in secrets.Where(secret => secret.Length > 8)) ContainsEncoded(text, secret)
                    .Should().BeFalse("{0} as {1} hides it", page, type);
            }
        }
    }

    /// <summary>Whether a text has another one in it as base64, at any of the three places where one may begin.</summary>
    private static bool ContainsEncoded(string text, string secret) => Enumerable.Range(0, 3).Any(shift =>
    {
        var encoded = Convert.ToBase64String([.. new byte[shift], .. System.Text.Encoding.UTF8.GetBytes(secret)]).TrimEnd('=');
        return text.Contains(encoded[4..^2], StringComparison.Ordinal);
    });
}
