namespace EventSourcing.Explorer.Tests.Browser;

/// <summary>
/// A test in a real browser. A machine without one skips it and says so, unless it is the machine that checks every change (CI=true):
/// there it fails.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute()
    {
        if (Chromium.Path is null && Environment.GetEnvironmentVariable("CI") != "true")
            Skip = "This machine has no Chromium: apt-get install chromium, or name one in CHROMIUM.";
    }
}
