using EventSourcing.Tests;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EventSourcing.Hosting.Tests;

/// <summary>In which order things start and stop.</summary>
public class LifecycleTests
{
    [Fact]
    public async Task Start_opens_the_store_with_its_inline_projections_before_any_other_service_starts()
    {
        await using var app = await TestApp.StartAsync(
            store => InMemory(store).AddInlineProjection<PendingParcels>(),
            app => app.Services.AddSingleton<First>().AddHostedService(services => services.GetRequiredService<First>()));
        app.Host.Services.GetRequiredService<First>().Seen.Should().Be(1, "the service was registered first, and its append has changed the read model");
    }

    [Fact]
    public async Task Start_does_not_wait_for_projections_in_the_background()
    {
        var go = new TaskCompletionSource();
        var storage = new InMemoryEventStorage();
        await using (var before = new EventStore(new Shared(storage).Storage, Parcels.Types)) await before.SendAsync("ann");
        var app = TestApp.Build(store => store.UseStorage((_, _) => storage).AddProjection<PendingParcels>());
        app.Script.Fold = _ => go.Task.Wait(TimeSpan.FromSeconds(30));
        await app.Host.StartAsync();
        (await app.PendingAsync("ann")).Should().Be(0);
        go.SetResult();
        await TestApp.UntilAsync(async () => await app.PendingAsync("ann") == 1, "projected");
        await app.DisposeAsync();
    }

    [Fact]
    public async Task Stop_lets_a_delivery_end_and_append_then_signs_the_last_checkpoint_and_nothing_is_delivered_twice()
    {
        using var folder = new TempFolder();
        var sink = new FileCheckpointSink(folder.PathOf("parcels.checkpoints"));
        using var key = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var signer = new EcdsaNoteSigner("parcels.example", key);
        var delivered = new List<string>();
        for (var run = 1; run <= 3; run++)
        {
            var app = await TestApp.StartAsync(
                store => store.UseStorage(file => new SqliteEventStorage(file))
                    .Configure(options => options with { Ledger = new LedgerOptions { Origin = "parcels.example", Signers = [signer], Sink = sink, EveryEvents = null, Interval = TimeSpan.FromHours(1) } })
                    .AddReactor<Courier>(),
                app: null,
                $"ConnectionStrings:parcels={folder.PathOf("parcels.db")}");
            var within = new TaskCompletionSource();
            app.Script.Deliver = async (to, delivery, token) =>
            {
                within.TrySetResult();
                await Task.Delay(50, CancellationToken.None);
                await app.Store.AppendAsync("arrivals", ExpectedVersion.Any, [new EventData(new ParcelArrived("courier")) { Id = delivery.Id }], cancellationToken: CancellationToken.None);
            };
            await app.Store.SendAsync($"ann {run}");
            await within.Task;
            await app.Host.StopAsync();
            delivered.AddRange(app.Script.Delivered.Select(line => line.Split(" by ")[0]));
            app.Logs.GetSnapshot().Should().NotContain(log => log.Exception != null || log.Message.Contains("ObjectDisposed", StringComparison.Ordinal));
            await app.DisposeAsync();
        }

        delivered.Should().Equal("ann 1", "ann 2", "ann 3");
        await using var after = new EventStore(new SqliteEventStorage(folder.PathOf("parcels.db")), Parcels.Types);
        (await after.GetHeadAsync()).Should().Be(6);
        Checkpoint.Parse((await sink.ReadNewestAsync())!.Text).Size.Should().Be(6);
    }

    [Fact]
    public async Task Dispose_of_a_started_host_without_a_stop_and_synchronously_throws_nothing()
    {
        var app = await TestApp.StartAsync(store => InMemory(store).AddProjection<PendingParcels>().AddReactor<Courier>());
        var store = app.Store;
        await store.SendAsync("ann");
        app.Host.Dispose();
        await FluentActions.Awaiting(() => store.GetHeadAsync()).Should().ThrowAsync<ObjectDisposedException>();
    }

    [Fact]
    public async Task Dispose_of_a_started_host_without_a_stop_closes_a_store_that_nobody_has_asked_for_before_its_projections_are_disposed()
    {
        using var folder = new TempFolder();
        var path = folder.PathOf("parcels.db");
        var storage = new SqliteEventStorage(path);
        var app = await TestApp.StartAsync(store => store.UseStorage((_, _) => storage).AddProjection<DisposableParcels>().AddReactor<Courier>());
        await TestApp.UntilAsync(() => app.Logs.GetSnapshot().Count(log => log.Id.Id == 1000) == 2, "both run");
        var isClosed = new List<bool>();
        app.Script.Ended = () => isClosed.Add(IsClosed(storage));
        app.Host.Dispose();
        isClosed.Should().Equal(true);
        IsClosed(storage).Should().BeTrue();
        await using var next = new EventStore(new SqliteEventStorage(path), Parcels.Types);
        (await next.ProjectionAdmin().GetStatusAsync()).Should().HaveCount(2).And.OnlyContain(one => one.State == ProjectionState.NotStarted && one.Runner == null, "nothing holds a lease");
    }

    [Fact]
    public async Task Fail_to_start_after_the_store_was_opened_closes_it()
    {
        var storage = new InMemoryEventStorage();
        await FluentActions.Awaiting(() => TestApp.StartAsync(
                store => store.UseStorage((_, _) => storage).AddProjection<PendingParcels>(),
                app => app.Services.AddHostedService<PortInUse>()))
            .Should().ThrowAsync<IOException>();
        IsClosed(storage).Should().BeTrue();
    }

    [Fact]
    public async Task Stop_ends_all_stores_at_the_same_time()
    {
        var within = new CountdownEvent(2);
        var app = TestApp.Build(
            store => InMemory(store).AddReactor<Courier>(),
            app => app.AddKeyedEventStore("returns", Parcels.Types, store => InMemory(store).AddReactor<Courier>()));
        var ending = new CountdownEvent(2);
        app.Script.Deliver = async (_, _, token) =>
        {
            within.Signal();
            await Task.Delay(Timeout.Infinite, token).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

            // Each ends only once the other has been told to end too.
            ending.Signal();
            await Task.Run(() => ending.Wait(TimeSpan.FromSeconds(30)), CancellationToken.None);
        };
        await app.Host.StartAsync();
        await app.Store.SendAsync("ann");
        await app.Host.Services.GetRequiredKeyedService<EventStore>("returns").SendAsync("bob");
        within.Wait(TimeSpan.FromSeconds(30)).Should().BeTrue();
        await app.Host.StopAsync();
        ending.IsSet.Should().BeTrue();
        app.Script.Delivered.Should().HaveCount(2);
        await app.DisposeAsync();
    }

    [Fact]
    public async Task Deliver_makes_a_scope_for_each_delivery_and_ends_it()
    {
        await using var app = await TestApp.StartAsync(store => InMemory(store).AddReactor<Courier>());
        for (var i = 0; i < 3; i++) await app.Store.SendAsync("ann");
        await TestApp.UntilAsync(() => app.Script.Delivered.Count == 3, "delivered");
        var trips = app.Script.Delivered.Select(line => int.Parse(line.Split(" by ")[1], System.Globalization.CultureInfo.InvariantCulture)).ToList();
        trips.Should().OnlyHaveUniqueItems();
        await TestApp.UntilAsync(() => trips.TrueForAll(trip => Trip.Ended.Contains(trip)), "each scope has ended");
    }

    [Fact]
    public async Task Start_waits_for_a_storage_that_is_not_there_yet_and_says_so()
    {
        var outage = new Outage(new InMemoryEventStorage());
        outage.Begin();
        var app = TestApp.Build(store => store.UseStorage((_, _) => outage.Storage).AddProjection<PendingParcels>());
        var starting = app.Host.StartAsync();
        await TestApp.UntilAsync(() => app.Logs.GetSnapshot().Any(log => log.Id.Id == 901), "waits");
        starting.IsCompleted.Should().BeFalse();
        outage.End();
        await starting;
        await app.DisposeAsync();

        outage.Begin();
        await FluentActions.Awaiting(() => TestApp.StartAsync(store => store.UseStorage((_, _) => outage.Storage), app: null, "EventSourcing:parcels:StartTimeout=00:00:00"))
            .Should().ThrowAsync<StorageFailedException>();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Start_waits_for_a_storage_that_takes_no_read_models_yet_and_says_so(bool isInline)
    {
        var outage = new Outage(new InMemoryEventStorage());
        outage.RefuseCommits(true);
        var app = TestApp.Build(Register);
        var starting = app.Host.StartAsync();
        await TestApp.UntilAsync(() => app.Logs.GetSnapshot().Any(log => log.Id.Id == 901), "waits");
        starting.IsCompleted.Should().BeFalse();
        outage.RefuseCommits(false);
        await starting;
        await app.DisposeAsync();

        outage = new Outage(new InMemoryEventStorage());
        outage.RefuseCommits(true);
        await FluentActions.Awaiting(() => TestApp.StartAsync(Register, app: null, "EventSourcing:parcels:StartTimeout=00:00:01"))
            .Should().ThrowAsync<StorageFailedException>();

        void Register(EventStoreBuilder store)
        {
            store.UseStorage((_, _) => outage.Storage);
            if (isInline) store.AddInlineProjection<PendingParcels>();
            else store.AddReactor<Courier>();
        }
    }

    [Fact]
    public async Task Start_that_was_given_up_and_fails_afterwards_leaves_nothing_unobserved()
    {
        var mark = Unobserved.NewMark();
        (await Unobserved.AfterAsync(mark, async () =>
        {
            var outage = new Outage(new InMemoryEventStorage());
            outage.Hold();
            var app = TestApp.Build(
                store => store.UseStorage((_, _) => outage.Storage).AddReactor<Courier>(), app: null, "EventSourcing:parcels:StartTimeout=00:00:01");
            await FluentActions.Awaiting(() => app.Host.StartAsync()).Should().ThrowAsync<TimeoutException>();
            outage.Fail(new NotSupportedException(mark));
            await Task.Delay(50);
            await ((IAsyncDisposable)app.Host).DisposeAsync();
        })).Should().BeEmpty();
    }

    [Fact]
    public async Task Run_no_projections_here_leaves_them_to_others()
    {
        var storage = new InMemoryEventStorage();
        await using var web = await TestApp.StartAsync(
            store => store.UseStorage((_, _) => new Shared(storage).Storage).AddProjection<PendingParcels>(), app: null, "EventSourcing:parcels:RunProjections=false");
        await web.Store.SendAsync("ann");
        await using var worker = await TestApp.StartAsync(store => store.UseStorage((_, _) => new Shared(storage).Storage).AddProjection<PendingParcels>());
        await TestApp.UntilAsync(async () => await web.PendingAsync("ann") == 1, "projected by the other");
        web.Logs.GetSnapshot().Should().NotContain(log => log.Id.Id == 1000);
        worker.Logs.GetSnapshot().Should().Contain(log => log.Id.Id == 1000);
    }

    private static EventStoreBuilder InMemory(EventStoreBuilder store) => store.UseStorage((_, _) => new InMemoryEventStorage());

    private static bool IsClosed(IEventStorage storage)
    {
        var reading = ReadAsync();
        Task.WaitAny([reading], TimeSpan.FromSeconds(30));
        return reading.Exception?.InnerException is ObjectDisposedException;

        async Task<long> ReadAsync() => await storage.GetHeadAsync();
    }

    public sealed class DisposableParcels(Script script) : PendingParcels(script), IDisposable
    {
        private readonly Script _script = script;

        public void Dispose() => _script.Ended();
    }

    private sealed class PortInUse : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => throw new IOException("The port is in use.");

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class First(EventStore store, PendingParcels pending) : IHostedService
    {
        public int Seen { get; private set; }

        public async Task StartAsync(CancellationToken cancellationToken)
        {
            await store.SendAsync("ann");
            Seen = (await store.ReadModel(pending).FindAsync("ann", cancellationToken))?.Count ?? 0;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
