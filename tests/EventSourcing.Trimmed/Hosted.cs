using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace EventSourcing.Trimmed;

/// <summary>A host with settings from JSON, a projection, a reactor with a scoped service, and a health check.</summary>
internal static class Hosted
{
    public static async Task ShowAsync(string path)
    {
        await File.WriteAllTextAsync("settings.json", """
            {
              "ConnectionStrings": { "bank": "hosted.db" },
              "EventSourcing": { "bank": { "LeaseDuration": "00:00:02", "OnFailure": "Ignore", "DisableTelemetry": true } }
            }
            """);
        var builder = Host.CreateEmptyApplicationBuilder(settings: null);
        builder.Configuration.AddJsonFile(Path.GetFullPath("settings.json"));
        builder.Services.AddScoped<Greetings>();
        builder.AddEventStore("bank", EventTypes.FromAssemblyOf<Account>(), store => store
            .UseStorage((_, settings) =>
            {
                Console.WriteLine($"{settings.ConnectionString} {settings.LeaseDuration} {settings.OnFailure}");
                return new SqliteEventStorage(path);
            })
            .Configure(options => options with { Json = BankJson.Default.Options })
            .AddProjection<Balances>().AddReadModel<Balances, Balance>()
            .AddReactor<Greeter>());
        using var host = builder.Build();
        await host.StartAsync();
        var result = await host.Services.GetRequiredService<EventStore>().Aggregate<Account>("ann").CreateAsync(a => a.Open("Ann"));
        var balances = host.Services.GetRequiredService<ReadModel<Balance>>();
        await balances.WaitForAsync(result);
        Console.WriteLine(await balances.FindAsync("ann"));
        Console.WriteLine(await Greeter.Greeted.Task);
        Console.WriteLine((await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Status);
        await host.StopAsync();
    }

    internal sealed class Greetings
    {
        private readonly string _greeting = "Welcome";

        public string For(string owner) => $"{_greeting}, {owner}!";
    }

    internal sealed class Greeter : Reactor
    {
        public Greeter(Greetings greetings) => On<AccountOpened>((e, _, _) =>
        {
            Greeted.TrySetResult(greetings.For(e.Owner));
            return Task.CompletedTask;
        });

        public static TaskCompletionSource<string> Greeted { get; } = new();

        public override StartFrom Start => StartFrom.Beginning;
    }
}
