using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace EventSourcing.Hosting.Tests;

public class RegistrationTests
{
    [Fact]
    public async Task Register_a_store_makes_it_and_what_belongs_to_it_services_each_once()
    {
        await using var app = await TestApp.StartAsync(store => InMemory(store).AddProjection<PendingParcels>().AddReadModel<PendingParcels, Pending>());
        var services = app.Host.Services;
        services.GetRequiredKeyedService<EventStore>("parcels").Should().BeSameAs(app.Store);
        services.GetRequiredKeyedService<ProjectionAdmin>("parcels").Should().BeSameAs(services.GetRequiredService<ProjectionAdmin>());
        services.GetRequiredKeyedService<ReadModel<Pending>>("parcels").Should().BeSameAs(services.GetRequiredService<ReadModel<Pending>>());
        app.Store.Options.Name.Should().Be("parcels");
        var readModel = services.GetRequiredService<ReadModel<Pending>>();
        await readModel.WaitForAsync(await app.Store.SendAsync("ann"));
        (await readModel.FindAsync("ann"))!.Count.Should().Be(1);
    }

    [Fact]
    public async Task Register_two_stores_keeps_them_apart()
    {
        await using var app = await TestApp.StartAsync(
            store => InMemory(store).AddProjection<PendingParcels>(),
            app => app.AddKeyedEventStore("returns", Parcels.Types, store => InMemory(store).AddReactor<Courier>()));
        var returns = app.Host.Services.GetRequiredKeyedService<EventStore>("returns");
        returns.Should().NotBeSameAs(app.Store);
        await app.Store.SendAsync("ann");
        await returns.SendAsync("bob");
        await TestApp.UntilAsync(() => app.Script.Delivered.Count == 1, "delivered");
        app.Script.Delivered.Single().Should().StartWith("bob");
        await TestApp.UntilAsync(async () => await app.PendingAsync("ann") == 1, "projected");
        (await app.ProbeAsync()).Entries.Keys.Should().BeEquivalentTo("eventstore-parcels", "eventstore-returns");
        app.Logs.GetSnapshot().Where(log => log.Id.Id == 900).Select(log => log.GetStructuredStateValue("Store")).Should().BeEquivalentTo("parcels", "returns");
    }

    [Fact]
    public async Task Register_one_read_model_on_several_stores_is_that_of_the_app_without_a_key_and_each_by_its_key()
    {
        var services = new ServiceCollection();
        services.AddSingleton<Script>();
        services.AddKeyedEventStore("first", Parcels.Types, WithReadModel);
        services.AddEventStore("shop", Parcels.Types, WithReadModel);
        services.AddKeyedEventStore("last", Parcels.Types, WithReadModel);
        services.AddSingleton<Microsoft.Extensions.Configuration.IConfiguration>(new Microsoft.Extensions.Configuration.ConfigurationManager());
        await using var provider = services.BuildServiceProvider();
        var unkeyed = provider.GetRequiredService<ReadModel<Pending>>();
        unkeyed.Should().BeSameAs(provider.GetRequiredKeyedService<ReadModel<Pending>>("shop"));
        foreach (var other in new[] { "first", "last" }) provider.GetRequiredKeyedService<ReadModel<Pending>>(other).Should().NotBeSameAs(unkeyed);

        static void WithReadModel(EventStoreBuilder store) => InMemory(store).AddProjection<PendingParcels>().AddReadModel<PendingParcels, Pending>();
    }

    [Fact]
    public async Task Ask_for_a_read_model_without_a_key_that_the_store_of_the_app_does_not_have_names_it()
    {
        var services = new ServiceCollection();
        services.AddSingleton<Script>();
        services.AddKeyedEventStore("returns", Parcels.Types, store => InMemory(store).AddProjection<PendingParcels>().AddReadModel<PendingParcels, Pending>());
        await using (var keyed = services.BuildServiceProvider())
            FluentActions.Invoking(keyed.GetRequiredService<ReadModel<Pending>>).Should().Throw<InvalidOperationException>().WithMessage("*'returns'*");
        services.AddEventStore("shop", Parcels.Types, store => InMemory(store));
        await using var both = services.BuildServiceProvider();
        FluentActions.Invoking(both.GetRequiredService<ReadModel<Pending>>).Should().Throw<InvalidOperationException>().WithMessage("*'shop'*Pending*by its key*");
    }

    [Fact]
    public void Register_two_read_models_of_one_document_on_one_store_is_refused_and_names_both()
    {
        var services = new ServiceCollection();
        services.AddEventStore("one", Parcels.Types, store =>
        {
            InMemory(store).AddProjection<PendingParcels>().AddReadModel<PendingParcels, Pending>();
            FluentActions.Invoking(() => store.AddReadModel<Idle, Pending>()).Should().Throw<InvalidOperationException>().WithMessage("*Pending*'one'*PendingParcels*");
        });
    }

    [Fact]
    public void Ask_for_the_store_of_an_app_whose_stores_are_keyed_names_them()
    {
        var services = new ServiceCollection();
        services.AddKeyedEventStore("one", Parcels.Types, store => InMemory(store));
        services.AddKeyedEventStore("two", Parcels.Types, store => InMemory(store));
        using var provider = services.BuildServiceProvider();
        FluentActions.Invoking(provider.GetRequiredService<EventStore>).Should().Throw<InvalidOperationException>().WithMessage("*'one', 'two'*");
    }

    [Fact]
    public void Register_what_cannot_be_together_is_refused_at_once()
    {
        var services = new ServiceCollection();
        services.AddEventStore("one", Parcels.Types);
        FluentActions.Invoking(() => services.AddEventStore("two", Parcels.Types)).Should().Throw<InvalidOperationException>().WithMessage("*AddKeyedEventStore*");
        FluentActions.Invoking(() => services.AddKeyedEventStore("one", Parcels.Types)).Should().Throw<InvalidOperationException>().WithMessage("*'one'*");
        services.AddKeyedEventStore("three", Parcels.Types, store =>
        {
            InMemory(store).AddProjection<PendingParcels>();
            FluentActions.Invoking(() => store.AddInlineProjection<PendingParcels>()).Should().Throw<InvalidOperationException>().WithMessage("*PendingParcels*'three'*");
            FluentActions.Invoking(() => InMemory(store)).Should().Throw<InvalidOperationException>().WithMessage("*'three'*");
        });
    }

    [Fact]
    public async Task Start_without_a_storage_or_its_connection_string_fails_and_names_what_to_write()
    {
        await FluentActions.Awaiting(() => TestApp.StartAsync(_ => { }))
            .Should().ThrowAsync<InvalidOperationException>().WithMessage("*AddEventStore(\"parcels\"*UseStorage*");
        await FluentActions.Awaiting(() => TestApp.StartAsync(store => store.UseStorage(path => new SqliteEventStorage(path))))
            .Should().ThrowAsync<InvalidOperationException>().WithMessage("*ConnectionStrings:parcels*");
    }

    [Fact]
    public async Task Start_with_settings_takes_them_from_the_configuration_and_then_from_code()
    {
        using var folder = new TempFolder();
        var path = folder.PathOf("parcels.db");
        await using var app = await TestApp.StartAsync(
            store => store.UseStorage(file => new SqliteEventStorage(file)).ConfigureSettings(settings => settings.StopTimeout = TimeSpan.FromSeconds(3)),
            app: null,
            $"ConnectionStrings:parcels={path}",
            "EventSourcing:parcels:OnFailure=Ignore",
            "EventSourcing:parcels:RunProjections=false",
            "EventSourcing:parcels:StopTimeout=00:00:02");
        var settings = app.Host.Services.GetRequiredService<IOptionsMonitor<EventStoreSettings>>().Get("parcels");
        settings.Should().BeEquivalentTo(new
        {
            ConnectionString = path,
            OnFailure = HostedFailure.Ignore,
            RunProjections = false,
            StopTimeout = TimeSpan.FromSeconds(3),
            LeaseDuration = TimeSpan.FromSeconds(0.3),
        });
        await app.Store.SendAsync("ann");
        File.Exists(path).Should().BeTrue();
    }

    [Theory]
    [InlineData("EventSourcing:parcels:LeaseDuration=00:00:00.01", "*EventSourcing:parcels:LeaseDuration is 00:00:00.0100000*")]
    [InlineData("EventSourcing:parcels:LongestRestartPause=00:00:00", "*EventSourcing:parcels:LongestRestartPause*")]
    [InlineData("EventSourcing:parcels:OnFailure=7", "*EventSourcing:parcels:OnFailure*Restart, StopHost or Ignore*")]
    [InlineData("EventSourcing:parcels:LeaseDuration=soon", "*EventSourcing:parcels:LeaseDuration*")]
    public async Task Start_with_a_setting_that_cannot_be_fails_and_names_its_key(string setting, string message) =>
        await FluentActions.Awaiting(() => TestApp.StartAsync(store => InMemory(store), app: null, setting))
            .Should().ThrowAsync<Exception>().WithMessage(message);

    [Theory]
    [InlineData("EventSourcing:parcels:LeaseDuratoin=00:00:03", "*EventSourcing:parcels:LeaseDuratoin is not a setting*LeaseDuration*")]
    [InlineData("EventSourcing:parcels:LeaseDuration:Sub=1", "*EventSourcing:parcels:LeaseDuration:Sub is not a setting*")]
    [InlineData("EventSourcing:parcels:LeaseDuration=", "*EventSourcing:parcels:LeaseDuration is empty*")]
    [InlineData("EventSourcing:parcels:RunProjections=", "*EventSourcing:parcels:RunProjections is empty*")]
    [InlineData("EventSourcing:parcels:Projections:Run=false", "*EventSourcing:parcels:Projections is not a setting*RunProjections*")]
    public async Task Start_with_a_setting_that_does_not_exist_fails_and_names_those_that_do(string setting, string message) =>
        await FluentActions.Awaiting(() => TestApp.StartAsync(store => InMemory(store), app: null, setting))
            .Should().ThrowAsync<OptionsValidationException>().WithMessage(message);

    [Fact]
    public async Task Start_with_every_setting_there_is_finds_each_of_them()
    {
        var settings = typeof(EventStoreSettings).GetProperties()
            .Select(setting => $"EventSourcing:parcels:{setting.Name.ToUpperInvariant()}={setting.GetValue(new EventStoreSettings())}");
        await using var app = await TestApp.StartAsync(store => InMemory(store), app: null, [.. settings]);
        (await app.Store.GetHeadAsync()).Should().Be(0);
    }

    [Theory]
    [InlineData("ConnectionStrings:parcels=")]
    [InlineData("EventSourcing:parcels:ConnectionString=")]
    public async Task Start_with_an_empty_connection_string_fails_and_names_its_key(string setting) =>
        await FluentActions.Awaiting(
                () => TestApp.StartAsync(store => store.UseStorage(path => new SqliteEventStorage(path)), app: null, setting))
            .Should().ThrowAsync<InvalidOperationException>().WithMessage("*'parcels' has no connection string*ConnectionStrings:parcels*");

    [Fact]
    public async Task Start_with_a_read_model_whose_projection_is_not_registered_fails_and_says_how_to_register_it()
    {
        await FluentActions.Awaiting(() => TestApp.StartAsync(store => InMemory(store).AddReadModel<PendingParcels, Pending>()))
            .Should().ThrowAsync<InvalidOperationException>().WithMessage("*'parcels'*PendingParcels*AddProjection<PendingParcels>()*");
        await FluentActions.Awaiting(() => TestApp.StartAsync(
                store => InMemory(store).AddProjection<UrgentParcels>().AddReadModel<PendingParcels, Pending>()))
            .Should().ThrowAsync<InvalidOperationException>().WithMessage("*AddProjection<PendingParcels>()*");
        await using var readAlone = await TestApp.StartAsync(
            store => InMemory(store).AddReadModel<PendingParcels, Pending>(), app => app.Services.AddSingleton<PendingParcels>());
        readAlone.Host.Services.GetRequiredService<ReadModel<Pending>>().Should().NotBeNull();
    }

    [Fact]
    public void Register_a_store_whose_name_has_a_colon_is_refused_and_says_why()
    {
        var services = new ServiceCollection();
        FluentActions.Invoking(() => services.AddEventStore("shop:eu", Parcels.Types))
            .Should().Throw<ArgumentException>().WithMessage("'shop:eu' has a colon*");
        services.Should().BeEmpty();
    }

    [Fact]
    public void Register_a_store_a_second_time_says_that_this_one_is_there_already()
    {
        var services = new ServiceCollection();
        services.AddEventStore("one", Parcels.Types);
        FluentActions.Invoking(() => services.AddEventStore("one", Parcels.Types))
            .Should().Throw<InvalidOperationException>().WithMessage("A store named 'one' is registered already*");
        FluentActions.Invoking(() => services.AddKeyedEventStore("One", Parcels.Types))
            .Should().Throw<InvalidOperationException>().WithMessage("A store named 'one' is registered already*");
    }

    [Fact]
    public async Task Replace_the_storage_of_a_registered_store_uses_that_one_and_asks_for_no_connection_string()
    {
        var storage = new InMemoryEventStorage();
        await using var app = TestApp.BuildAndChange(
            store => store.UseStorage(path => new SqliteEventStorage(path)).AddProjection<PendingParcels>(),
            after: services => services.ReplaceEventStorage("parcels", (_, _) => storage));
        await app.Host.StartAsync();
        app.Store.Storage.Should().BeSameAs(storage);
        await app.Store.SendAsync("ann");
        await TestApp.UntilAsync(async () => await app.PendingAsync("ann") == 1, "projected");
    }

    [Fact]
    public void Replace_the_storage_of_a_store_that_is_not_registered_is_refused_and_names_those_that_are()
    {
        var services = new ServiceCollection();
        services.AddKeyedEventStore("one", Parcels.Types, store => InMemory(store));
        FluentActions.Invoking(() => services.ReplaceEventStorage("two", (_, _) => new InMemoryEventStorage()))
            .Should().Throw<InvalidOperationException>().WithMessage("*'two'*'one'*");
    }

    [Fact]
    public async Task Start_with_a_projection_that_cannot_run_fails_and_names_it()
    {
        await FluentActions.Awaiting(() => TestApp.StartAsync(store => InMemory(store).AddProjection<Idle>()))
            .Should().ThrowAsync<ArgumentException>().WithMessage("*Idle*handles no event*");
        await FluentActions.Awaiting(() => TestApp.StartAsync(store => InMemory(store).AddInlineProjection<Idle>()))
            .Should().ThrowAsync<ArgumentException>().WithMessage("*Idle*handles no event*");
        await FluentActions.Awaiting(() => TestApp.StartAsync(store => InMemory(store).AddProjection<Needy>()))
            .Should().ThrowAsync<InvalidOperationException>().WithMessage("*Needy*");
    }

    [Fact]
    public async Task Start_with_an_inline_projection_that_takes_the_store_fails_and_says_why() =>
        await FluentActions.Awaiting(() => TestApp.StartAsync(store => InMemory(store).AddInlineProjection<Circular>()))
            .Should().ThrowAsync<InvalidOperationException>().WithMessage("*inline projection of the store 'parcels'*constructor*");

    [Fact]
    public async Task Disable_health_checks_by_a_setting_registers_none()
    {
        await using var app = await TestApp.StartAsync(store => InMemory(store), app: null, "EventSourcing:parcels:DisableHealthChecks=true");
        (await app.ProbeAsync()).Entries.Should().BeEmpty();
    }

    [Fact]
    public async Task Probe_finds_the_check_by_the_tag_ready()
    {
        await using var app = await TestApp.StartAsync(store => InMemory(store));
        var checks = app.Host.Services.GetRequiredService<HealthCheckService>();
        (await checks.CheckHealthAsync(check => check.Tags.Contains("ready"))).Entries.Keys.Should().Equal("eventstore-parcels");
    }

    private static EventStoreBuilder InMemory(EventStoreBuilder store) => store.UseStorage((_, _) => new InMemoryEventStorage());

    public sealed class Idle : Projection<Pending>;

    public sealed class Circular(EventStore store) : Projection<Pending>
    {
        public EventStore Store { get; } = store;
    }

    public sealed class Needy(Uri missing) : Projection<Pending>
    {
        public Uri Missing { get; } = missing;
    }

    /// <summary>Another projection than the one that it derives from.</summary>
    private sealed class UrgentParcels(Script script) : PendingParcels(script);
}
