using Banking;
using BankingApi;
using EventSourcing;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

var builder = WebApplication.CreateBuilder(args);
builder.AddEventStore("bank", EventTypes.FromAssemblyOf<Account>(), store => store
    .UseStorage(BankStorage.Of)
    .AddProjection<AccountBalances>().AddReadModel<AccountBalances, AccountBalance>()
    .AddProjection<EventTraces>());
builder.Services.AddEventStoreProblems(problems => problems
    .Map<BookingRefusedException>(
        StatusCodes.Status422UnprocessableEntity, "A rule of the bank forbids it.", refused => $"{refused.Reason}."));
builder.Services.AddOpenApi();

// A switch of the configuration: --Telemetry=console.
if (builder.Configuration["Telemetry"] == "console")
{
    builder.Services.AddOpenTelemetry()
        .WithTracing(traces => traces.AddSource("Microsoft.AspNetCore", EventSourcingTelemetry.Name).AddConsoleExporter())
        .WithMetrics(metrics => metrics.AddMeter("Microsoft.AspNetCore.Hosting", EventSourcingTelemetry.Name).AddConsoleExporter());
}

var app = builder.Build();
app.UseExceptionHandler();
app.MapOpenApi();
app.MapHealthChecks("/health/ready", new() { Predicate = check => check.Tags.Contains("ready") });
app.MapHealthChecks("/health/live", new() { Predicate = _ => false });
app.MapAccounts();

// Pages that show what has happened, for this machine alone: others need authorization.
app.MapEventExplorer("/events", explorer =>
{
    explorer.Title = "Bank";
    explorer.Aggregate<Account>().ReadModel(new AccountBalances());
});
app.Run();
