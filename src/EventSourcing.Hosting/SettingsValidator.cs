using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace EventSourcing;

/// <summary>Checks the settings of one store when the host starts. Each error names the key to change.</summary>
internal sealed class SettingsValidator(string name, IConfiguration configuration) : IValidateOptions<EventStoreSettings>
{
    private static readonly string[] Names =
    [
        nameof(EventStoreSettings.ConnectionString),
        nameof(EventStoreSettings.RunProjections),
        nameof(EventStoreSettings.LeaseDuration),
        nameof(EventStoreSettings.StopTimeout),
        nameof(EventStoreSettings.StartTimeout),
        nameof(EventStoreSettings.OnFailure),
        nameof(EventStoreSettings.FirstRestartAfter),
        nameof(EventStoreSettings.LongestRestartPause),
        nameof(EventStoreSettings.DegradedAfter),
        nameof(EventStoreSettings.DisableHealthChecks),
        nameof(EventStoreSettings.DisableTelemetry),
    ];

    public ValidateOptionsResult Validate(string? settingsOf, EventStoreSettings options)
    {
        if (settingsOf != name) return ValidateOptionsResult.Skip;
        var flaws = new List<string>();

        // The binder passes over a key that it does not know, so a mistyped one would leave its setting at the default.
        // The same is true of a key below a setting, and of a setting without a value.
        foreach (var child in configuration.GetSection(StoreRegistration.SectionOf(name)).GetChildren())
        {
            if (!Names.Contains(child.Key, StringComparer.OrdinalIgnoreCase))
                flaws.Add($"{Key(child.Key)} is not a setting. The settings of a store are {string.Join(", ", Names)}.");
            else if (child.GetChildren().FirstOrDefault() is { } below)
                flaws.Add($"{Key(child.Key)}:{below.Key} is not a setting, since {Key(child.Key)} is one value. Remove it.");
            else if (child.Value is { Length: 0 } && !IsText(child.Key))
                flaws.Add($"{Key(child.Key)} is empty. Give it a value, or remove it for the default.");
        }

        AtLeast(nameof(options.LeaseDuration), options.LeaseDuration, TimeSpan.FromMilliseconds(100));
        if (options.StopTimeout != Timeout.InfiniteTimeSpan) AtLeast(nameof(options.StopTimeout), options.StopTimeout, TimeSpan.Zero);
        AtLeast(nameof(options.StartTimeout), options.StartTimeout, TimeSpan.Zero);
        AtLeast(nameof(options.FirstRestartAfter), options.FirstRestartAfter, TimeSpan.FromMilliseconds(1));
        AtLeast(nameof(options.LongestRestartPause), options.LongestRestartPause, options.FirstRestartAfter);
        AtLeast(nameof(options.DegradedAfter), options.DegradedAfter, TimeSpan.Zero);
        if (options.OnFailure is not (HostedFailure.Restart or HostedFailure.StopHost or HostedFailure.Ignore))
            flaws.Add($"{Key(nameof(options.OnFailure))} is {options.OnFailure}. Give Restart, StopHost or Ignore.");
        return flaws.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(flaws);

        void AtLeast(string setting, TimeSpan value, TimeSpan least)
        {
            if (value < least || value > TimeSpan.FromDays(1))
                flaws.Add($"{Key(setting)} is {value}. Give a time from {least} to {TimeSpan.FromDays(1)}.");
        }
    }

    private static bool IsText(string key) =>
        string.Equals(key, nameof(EventStoreSettings.ConnectionString), StringComparison.OrdinalIgnoreCase);

    private string Key(string setting) => $"{StoreRegistration.SectionOf(name)}:{setting}";
}
