using System.Diagnostics.CodeAnalysis;
using EventSourcing.Explorer.Tests.Bank;
using EventSourcing.Explorer.Tests.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.Playwright;

namespace EventSourcing.Explorer.Tests.Browser;

/// <summary>One browser, one bank and one app for all tests that need a browser.</summary>
[SuppressMessage("Design", "CA1001", Justification = "xunit ends it by DisposeAsync")]
public sealed class BrowserHost : IAsyncLifetime
{
    private readonly Chromium _chromium = new();

    public SampleBank Bank { get; private set; } = null!;

    public TestHost Host { get; private set; } = null!;

    public Uri Explorer => new(Host.Address, "events/");

    /// <summary>The same, where operators may give orders.</summary>
    public Uri Operated => new(Host.Address, "operated/");

    public async Task InitializeAsync()
    {
        if (Chromium.Path is null) return;
        await _chromium.InitializeAsync();
        Assertions.SetDefaultExpectTimeout(20_000);
        Bank = await SampleBank.OpenAsync();
        Host = await TestHost.StartAsync(Bank.Store, app =>
        {
            app.UseAuthentication();
            app.UseAuthorization();
            app.MapEventExplorer("/events", SampleBank.Show);
            app.MapEventExplorer("/operated", explorer =>
            {
                SampleBank.Show(explorer);
                explorer.ActionPolicy = "operators";
            });
        }, TestUsers.Add);
    }

    public async Task DisposeAsync()
    {
        if (Host is not null) await Host.DisposeAsync();
        if (Bank is not null) await Bank.DisposeAsync();
        await _chromium.DisposeAsync();
    }

    /// <summary>A tab that keeps what went wrong in it.</summary>
    public async Task<WatchedTab> OpenAsync(BrowserNewContextOptions? options = null) =>
        await WatchedTab.OpenAsync(_chromium.Browser, options ?? new BrowserNewContextOptions());
}

[CollectionDefinition(nameof(BrowserHost))]
[SuppressMessage("Naming", "CA1711", Justification = "xunit's word")]
public sealed class BrowserHostCollection : ICollectionFixture<BrowserHost>;
