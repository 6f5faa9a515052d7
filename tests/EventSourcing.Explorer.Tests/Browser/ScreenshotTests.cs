using EventSourcing.Explorer.Tests.Bank;
using EventSourcing.Explorer.Tests.Serving;
using Microsoft.Playwright;

namespace EventSourcing.Explorer.Tests.Browser;

/// <summary>
/// Makes the pictures of the guide, into the folder that <c>EXPLORER_SCREENSHOTS</c> names, with its full path:
/// <c>EXPLORER_SCREENSHOTS=$PWD/src/EventSourcing.Explorer/screenshots dotnet test tests/EventSourcing.Explorer.Tests --filter Screenshots</c>. Without it, one
/// picture is made and not kept.
/// </summary>
[Collection(nameof(BrowserHost))]
public class ScreenshotTests(BrowserHost browser)
{
    private static readonly string? Folder = Environment.GetEnvironmentVariable("EXPLORER_SCREENSHOTS");

    [BrowserFact]
    public async Task Screenshots_of_the_pages_are_made()
    {
        await using var bank = await SampleBank.OpenAsync(isOnDisk: Folder is not null);
        await using var host = await TestHost.StartAsync(bank);
        (string Name, string Page, ColorScheme Scheme, int Width, int Height)[] pictures =
        [
            ("stream", "stream?name=account-ann", ColorScheme.Light, 1280, 860),
            ("event", $"event?position={bank.AnnPaid}", ColorScheme.Light, 1280, 820),
            ("trace", $"trace?correlation={SampleBank.Payment}&near={bank.AnnPaid}", ColorScheme.Light, 1280, 710),
            ("overview-dark", "", ColorScheme.Dark, 1280, 960),
            ("narrow-log", "log", ColorScheme.Light, 390, 844),
            ("ledger", "ledger", ColorScheme.Light, 1280, 860),
            ("projection", "projection?name=Statements", ColorScheme.Light, 1280, 640),
        ];
        foreach (var (name, page, scheme, width, height) in Folder is null ? pictures[..1] : pictures)
        {
            var size = new ViewportSize { Width = width, Height = height };
            await using var tab = await browser.OpenAsync(new BrowserNewContextOptions { ColorScheme = scheme, ViewportSize = size });
            await tab.GoToAsync(new Uri(host.Address, "events/"), page);
            var picture = await tab.Page.ScreenshotAsync();
            picture.AsSpan(1, 3).ToArray().Should().Equal("PNG"u8.ToArray());
            if (Folder is not null) await File.WriteAllBytesAsync(Path.Combine(Folder, name + ".png"), picture);
        }
    }
}
