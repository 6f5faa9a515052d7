using Microsoft.Extensions.Options;

namespace EventSourcing;

/// <summary>Checks the settings of one store when the host starts. Each error names the key to change.</summary>
internal sealed class SettingsValidator(string name) : IValidateOptions<EventStoreSettings>
{
    public ValidateOptionsResult Validate(string? settingsOf, EventStoreSettings options)
    {
        if (settingsOf != name) return ValidateOptionsResult.Skip;
        var flaws = new List<string>();
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

    private string Key(string setting) => $"{StoreRegistration.SectionOf(name)}:{setting}";
}
