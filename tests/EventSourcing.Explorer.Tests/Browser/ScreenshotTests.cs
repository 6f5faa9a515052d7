using EventSourcing.Explorer.Tests.Bank;
using EventSourcing.Explorer.Tests.Serving;
using Microsoft.AspNetCore.Builder;
using Microsoft.Playwright;

namespace EventSourcing.Explorer.Tests.Browser;

/// <summary>
/// Makes the pictures of the guide, into the folder that <c>EXPLORER_SCREENSHOTS</c> names, with its full path:
/// <c>EXPLORER_SCREENSHOTS=$PWD/src/EventSourcing.Explorer/screenshots dotnet test tests/EventSourcing.Explorer.Tests --filter
/// Screenshots</c>. <c>EXPLORER_BANK_DATA</c> names a file of a real bank's transactions (<see cref="RealBank"/>), which most pictures are of
/// then. Without a folder, one picture is made and not kept.
/// </summary>
[Collection(nameof(BrowserHost))]
public class ScreenshotTests(BrowserHost browser)
{
    private static readonly string? Folder = Environment.GetEnvironmentVariable("EXPLORER_SCREENSHOTS");
    private static readonly string? Data = Environment.GetEnvironmentVariable("EXPLORER_BANK_DATA");

    [BrowserFact]
    public async Task Screenshots_of_the_pages_are_made()
    {
        await using var invented = await SampleBank.OpenAsync(isOnDisk: Folder is not null);
        await using var real = Folder is null || Data is null ? null : await RealBank.OpenAsync(Data);
        await using var host = await TestHost.StartAsync(invented);
        await using var realHost = real is null
            ? null
            : await TestHost.StartAsync(real.Store, app => app.MapEventExplorer("/events", explorer =>
            {
                SampleBank.Show(explorer);
                explorer.Title = "Bank";
            }));
        (string Name, string Page, ColorScheme Scheme, int Width, int Height)[] pictures =
        [
            ("stream", $"stream?name={real?.Busiest ?? "account-ann"}", ColorScheme.Light, 1280, 860),
            ("event", $"event?position={real?.Shown ?? invented.AnnPaid}", ColorScheme.Light, 1280, 820),
            ("overview-dark", "", ColorScheme.Dark, 1280, 960),
            ("narrow-log", "log", ColorScheme.Light, 390, 844),
            ("ledger", "ledger", ColorScheme.Light, 1280, 860),
            ("trace", $"trace?correlation={SampleBank.Payment}&near={invented.AnnPaid}", ColorScheme.Light, 1280, 710),
            ("projection", "projection?name=Statements", ColorScheme.Light, 1280, 640),
        ];
        foreach (var (name, page, scheme, width, height) in Folder is null ? pictures[..1] : pictures)
        {
            // Only the invented bank has a payment with its effects, and a projection that fails.
            var shown = name is "trace" or "projection" ? host : realHost ?? host;
            var size = new ViewportSize { Width = width, Height = height };
            await using var tab = await browser.OpenAsync(new BrowserNewContextOptions { ColorScheme = scheme, ViewportSize = size });
            await tab.GoToAsync(new Uri(shown.Address, "events/"), page);
            var picture = await tab.Page.ScreenshotAsync();
            picture.AsSpan(1, 3).ToArray().Should().Equal("PNG"u8.ToArray());
            if (Folder is not null) await File.WriteAllBytesAsync(Path.Combine(Folder, name + ".png"), picture);
        }
    }
}
