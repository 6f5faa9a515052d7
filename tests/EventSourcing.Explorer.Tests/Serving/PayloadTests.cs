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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Hidden_documents_cannot_be_found_by_their_fields(bool isRedacted)
    {
        await using var store = new EventStore(new InMemoryEventStorage(), EventTypes.FromAssemblyOf<Account>());
        for (var i = 10; i < 61; i++)
        {
            await store.AppendAsync(
                $"account-{i}", ExpectedVersion.NoStream, [new AccountOpened($"owner of {i}", "EUR"), new MoneyDeposited(777_000 + i, "cash")]);
        }

        await using var running = store.StartProjections(new Balances());
        await running.CatchUpAsync();
        await using var hidden = await TestHost.StartAsync(store, app => app.MapEventExplorer("/events", explorer =>
        {
            explorer.HidePayloads = !isRedacted;
            if (isRedacted) explorer.Redact = static (_, _) => null;
        }));
        await using var shown = await TestHost.StartAsync(store, app => app.MapEventExplorer("/events"));
        const string Address = "events/read-model?name=Balances";

        var whole = await SampleHost.JsonAsync(shown.Client, Address + "&order=amount");
        whole.GetProperty("next").GetString().Should().Contain("at=777059");
        foreach (var query in new[]
        {
            "&order=amount", "&order=amount&down=1", "&c.amount=min&v.amount=777030", "&v.owner=owner+of+17",
            "&order=amount&after=30&at=777030", "&after=30&at=777030",
        })
        {
            var refused = await SampleHost.JsonAsync(hidden.Client, Address + query, 403);
            refused.GetProperty("title").GetString().Should().Be("Documents are hidden");
        }

        foreach (var order in new[] { "", "&down=1" })
        {
            var first = await SampleHost.JsonAsync(hidden.Client, Address + order);
            first.GetProperty("documents").GetArrayLength().Should().Be(50);
            first.GetRawText().Should().NotContain("777").And.NotContain("owner");
            var next = first.GetProperty("next").GetString()!;
            next.Should().NotContain("at=");
            (await SampleHost.JsonAsync(hidden.Client, "events/" + next)).GetProperty("documents").GetArrayLength().Should().Be(1);
        }

        (await SampleHost.OpenAsync(hidden.Client, Address)).QuerySelectorAll("form[action=read-model]").Should().BeEmpty();
        (await SampleHost.OpenAsync(shown.Client, Address)).QuerySelectorAll("form[action=read-model]").Should().ContainSingle();
    }

    [Fact]
    public async Task Hidden_payloads_hide_why_and_by_whom_others_were_erased()
    {
        string[] secrets = ["request 4711", "privacy@bank.example"];
        await using var host = await TestHost.StartAsync(sample.Bank, explorer => explorer.HidePayloads = true);
        await AssertHiddenAsync(host.Client, "events/", secrets);
        (await SampleHost.OpenAsync(host.Client, "events/ledger")).Body!.TextContent
            .Should().Contain("hidden").And.NotContain("nobody named");
        (await sample.Host.Client.GetStringAsync("events/ledger")).Should().Contain(secrets[0]).And.Contain(secrets[1]);

        await using var redacted = await TestHost.StartAsync(sample.Bank, explorer => explorer.Redact = static (name, data) =>
        {
            if (name == PayloadsErased.TypeName) data!["reason"] = "(a reason)";
            return data;
        });
        (await redacted.Client.GetStringAsync("events/")).Should().Contain("(a reason)").And.Contain(secrets[1]).And.NotContain(secrets[0]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Hidden_payloads_hide_the_texts_of_all_errors_of_the_ledger(bool isRedacted)
    {
        const string Secret = "/srv/ann.harper/checkpoints";
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var ledger = new LedgerOptions
        {
            Origin = "bank.example/ledger",
            Signers = [new EcdsaNoteSigner("bank.example/ledger", key)],
            Sink = new FailingSink(Secret),
            EveryEvents = 1,
            Interval = null,
        };
        await using var memory = new InMemoryEventStorage();
        var storage = new HookedStorage(memory);
        await using var store = new EventStore(
            storage, EventTypes.FromAssemblyOf<Account>(), new EventStoreOptions { Ledger = ledger });
        await store.AppendAsync("account-1", ExpectedVersion.NoStream, [new AccountOpened("Ann", "EUR")]);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (store.Ledger.LastFailure is null) await Task.Delay(20, patience.Token);
        await using var hidden = await TestHost.StartAsync(store, app => app.MapEventExplorer("/events", explorer =>
        {
            explorer.HidePayloads = !isRedacted;
            if (isRedacted) explorer.Redact = static (_, data) => data;
        }));
        await using var shown = await TestHost.StartAsync(store, app => app.MapEventExplorer("/events"));

        foreach (var page in new[] { "", "ledger", "event?position=1" }) await AssertHiddenAsync(page, isShown: page == "ledger");
        storage.Reading = () => throw new StorageFailedException(Secret, outcomeIsUnknown: false, new IOException("It is gone."));
        await AssertHiddenAsync("ledger", isShown: true);
        foreach (var host in new[] { hidden, shown })
        {
            using var form = new FormUrlEncodedContent([new("order", "start")]);
            using var begun = await host.Client.PostAsync("events/verify", form);
            while (true)
            {
                var run = (await SampleHost.JsonAsync(host.Client, "events/ledger")).GetProperty("verification");
                if (run.GetProperty("state").GetString() == "running")
                {
                    await Task.Delay(20, patience.Token);
                    continue;
                }

                run.GetProperty("state").GetString().Should().Be("failed");
                var isHidden = !run.GetProperty("failure").GetString()!.Contains(Secret, StringComparison.Ordinal);
                isHidden.Should().Be(host == hidden);
                break;
            }
        }

        await AssertHiddenAsync("ledger", isShown: true);
        storage.Reading = null;

        async Task AssertHiddenAsync(string page, bool isShown)
        {
            foreach (var type in new[] { "text/html", "application/json" })
            {
                using var answer = await AccessTests.SendAsync(hidden.Client, "events/" + page, ("Accept", type));
                (await answer.Content.ReadAsStringAsync()).Should().NotContain(Secret, "{0} as {1} hides it", page, type);
                using var whole = await AccessTests.SendAsync(shown.Client, "events/" + page, ("Accept", type));
                if (isShown) WebUtility.HtmlDecode(await whole.Content.ReadAsStringAsync()).Should().Contain(Secret);
            }
        }
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

    private sealed class FailingSink(string path) : ICheckpointSink
    {
        public ValueTask<SignedNote?> ReadNewestAsync(CancellationToken cancellationToken = default) =>
            ValueTask.FromResult<SignedNote?>(null);

        public ValueTask<bool> TryWriteAsync(SignedNote checkpoint, SignedNote? newest, CancellationToken cancellationToken = default) =>
            throw new IOException($"'{path}' cannot be written.");
    }

    /// <summary>Whether a text has another one in it as base64, at any of the three places where one may begin.</summary>
    private static bool ContainsEncoded(string text, string secret) => Enumerable.Range(0, 3).Any(shift =>
    {
        var encoded = Convert.ToBase64String([.. new byte[shift], .. System.Text.Encoding.UTF8.GetBytes(secret)]).TrimEnd('=');
        return text.Contains(encoded[4..^2], StringComparison.Ordinal);
    });
}
