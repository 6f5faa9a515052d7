using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EventSourcing;

/// <summary>
/// One store as a host runs it: it is created when it is first needed, opened before the app serves, and closed after it.
/// </summary>
internal sealed class HostedStore : IAsyncDisposable, IDisposable
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly IServiceProvider _services;
    private readonly StoreRegistration _registration;
    private readonly IOptionsMonitor<EventStoreSettings> _settings;
    private readonly ILogger _logger;
    private readonly Lazy<EventStore> _store;
    private volatile int _inlineIsMadeOn;
    private readonly CancellationTokenSource _stop = new();
    private readonly ReactorScopes _reactors;
    private volatile EventStoreSettings? _validSettings;
    private string? _flaw;
    private IReadOnlyList<RunningSubscribers> _running = [];
    private Task _watching = Task.CompletedTask;
    private Task _measuring = Task.CompletedTask;
    private bool _isDisposed;
    private IReadOnlyList<Projection> _projections = [];

    public HostedStore(
        IServiceProvider services, StoreRegistration registration, IOptionsMonitor<EventStoreSettings> settings, ILoggerFactory logging)
    {
        _services = services;
        _registration = registration;
        _reactors = new ReactorScopes(services, registration.Reactors);
        _settings = settings;
        _logger = logging.CreateLogger(StoreLog.Category);
        _store = new Lazy<EventStore>(Create);
        Health = new StoreHealth(this);
    }

    public string Name => _registration.Name;

    /// <summary>
    /// The settings as they are now. If the configuration was edited and they cannot be used any more, the last ones that could be: nothing
    /// that runs may end because of an edit.
    /// </summary>
    public EventStoreSettings Settings
    {
        get
        {
            try
            {
                var settings = _settings.Get(Name);
                Volatile.Write(ref _flaw, null);
                return _validSettings = settings;
            }
            catch (Exception error) when (_validSettings is not null)
            {
                // Only the checks of the settings are known to say nothing but which setting it is.
                var flaw = error is OptionsValidationException checks ? checks.Message : error.GetType().ToString();
                if (Interlocked.Exchange(ref _flaw, flaw) != flaw) StoreLog.SettingsRefused(_logger, Name, flaw);
                return _validSettings;
            }
        }
    }

    public EventStore Store => _inlineIsMadeOn == Environment.CurrentManagedThreadId
        ? throw new InvalidOperationException(
            $"An inline projection of the store '{Name}' takes that store by its constructor, but it is made before the store: the store "
            + "is opened with it. Let it fold events alone, or run it in the background (AddProjection).")
        : _store.Value;

    public TimeProvider Clock => Store.Storage.Options.TimeProvider;

    public StoreHealth Health { get; }

    public ILogger Logger => _logger;

    /// <summary>The names of the projections and reactors that run in the background, here or in another process.</summary>
    public IReadOnlyList<string> Subscribers { get; private set; } = [];

    /// <summary>The names of those that are reactors.</summary>
    public IReadOnlySet<string> Reactors { get; private set; } = new HashSet<string>();

    /// <summary>What runs here; nothing before the start, and if the settings say so.</summary>
    public IReadOnlyList<RunningSubscribers> Running => _running;

    /// <summary>Whether the store was opened, and is not being closed.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Opens the store and brings its inline projections up to date. The app serves nothing before that.</summary>
    public async Task OpenAsync(CancellationToken cancellationToken)
    {
        ThrowIfReadModelHasNoProjection();
        var projections = _registration.Projections.ConvertAll(one => one.Create(_services));
        var reactors = _reactors.Create();
        _ = Store; // the inline projections are made with it
        _services.GetRequiredKeyedService<StoreEnd>(Name); // made after all projections, and so disposed before them
        Subscribers = [.. projections.Select(one => one.Name), .. reactors.Select(one => one.Name)];
        Reactors = reactors.Select(one => one.Name).ToHashSet(StringComparer.Ordinal);
        var head = await OpenStorageAndCheckAsync(projections, reactors, cancellationToken).ConfigureAwait(false);
        if (_registration.InlineProjections.Count > 0)
            await OnceItAnswersAsync(StartInlineProjectionsAsync, cancellationToken).ConfigureAwait(false);
        StoreLog.Opened(_logger, Name, head);
        IsOpen = true;
        _projections = projections;
    }

    /// <summary>A read model whose projection was forgotten would otherwise fail in the first request that asks for it.</summary>
    private void ThrowIfReadModelHasNoProjection()
    {
        var services = _services.GetService<IServiceProviderIsService>();
        foreach (var (document, projection) in _registration.ReadModels)
        {
            if (_registration.Subscribers.Contains(projection) || services?.IsService(projection) != false) continue;
            throw new InvalidOperationException(
                $"The read model of {document} of the store '{Name}' is made by {projection}, which is not registered. Register it beside "
                + $"AddReadModel by AddProjection<{projection.Name}>() or AddInlineProjection<{projection.Name}>().");
        }
    }

    /// <summary>Starts what runs in the background, and does not wait until it is level with the log.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var settings = Settings;
        if (settings.RunProjections)
        {
            var running = new List<RunningSubscribers>();
            _running = running;
            foreach (var group in SubscriberGroup<Projection>.Of(_projections, _registration.Projections))
                running.Add(Store.StartProjections(group.Options ?? Times(new ProjectionOptions()), group.Members));
            foreach (var group in SubscriberGroup<Reactor>.Of(_reactors.Started, _registration.Reactors))
            {
                var options = group.Options ?? Times(ProjectionOptions.ForReactors);
                options = options with { DeliveryScopes = options.DeliveryScopes ?? _reactors.BeginDelivery };
                var starting = OnceItAnswersAsync(
                    token => Observed(Store.StartReactorsAsync(options, group.Members)).WaitAsync(settings.StartTimeout, Clock, token),
                    cancellationToken);
                running.Add(await starting.ConfigureAwait(false));
            }
        }

        // Others that are being started may wait for what runs, so one that fails is started again from now on.
        var stop = _stop.Token;
        _watching = Task.Run(() => WatchAsync(stop), CancellationToken.None);

        ProjectionOptions Times(ProjectionOptions options) =>
            options with { LeaseDuration = settings.LeaseDuration, StopTimeout = settings.StopTimeout };
    }

    /// <summary>Begins to measure what runs, once the host has started: the start need not wait for that.</summary>
    public void BeginMeasuring()
    {
        if (Settings.DisableTelemetry) return;
        var stop = _stop.Token;
        _measuring = Task.Run(() => MeasureAsync(stop), CancellationToken.None);
    }

    /// <summary>
    /// Stops all that runs in the background, all at the same time. The store stays open for others that are being stopped.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        var stopped = Observed(Task.WhenAll([_watching, _measuring, .. _running.Select(one => one.DisposeAsync().AsTask())]));
        await stopped.WaitAsync(cancellationToken).ConfigureAwait(false);
        await _reactors.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Closes the store; its last checkpoint is signed.</summary>
    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        IsOpen = false;
        if (!_store.IsValueCreated) return;
        await Observed(Store.DisposeAsync().AsTask()).WaitAsync(cancellationToken).ConfigureAwait(false);
        StoreLog.Closed(_logger, Name);
    }

    /// <summary>
    /// Ends all that runs here and closes the store, for a host that was not stopped before, or whose start has failed. The container
    /// disposes only what it was asked for, and nobody may have asked for the store itself. May be called twice.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        EndWatches();
        if (_store.IsValueCreated) await Store.DisposeAsync().ConfigureAwait(false);
        await _reactors.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// Does the same for a container that is disposed without waiting, but for the scopes of reactors: what is in them may have no such way
    /// to be disposed.
    /// </summary>
    public void Dispose()
    {
        EndWatches();
        if (_store.IsValueCreated) Store.Dispose();
    }

    private void EndWatches()
    {
        IsOpen = false;
        if (_isDisposed) return;
        _isDisposed = true;
        _stop.Cancel();
        Health.Dispose();
        _stop.Dispose();
    }

    /// <summary>
    /// Says that a task need not be awaited to its end: a wait for it that is given up is an error of its own, and the host is told that.
    /// </summary>
    private static TTask Observed<TTask>(TTask task)
        where TTask : Task
    {
        task.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(() => _ = task.Exception);
        return task;
    }

    private Task WatchAsync(CancellationToken stop)
    {
        var watches = new List<Task>();
        foreach (var one in _running)
            watches.AddRange(one.Names.Select(name => new RestartWatch(this, _services, one, name).RunAsync(stop)));
        return Task.WhenAll(watches);
    }

    private async Task MeasureAsync(CancellationToken stop)
    {
        using var gauges = new StoreGauges(this);
        await gauges.RefreshAsync(stop).ConfigureAwait(false);
    }

    private EventStore Create()
    {
        var create = _registration.Storage ?? throw new InvalidOperationException(
            $"The store '{Name}' has no storage. Say which in its registration, for example: "
            + $"AddEventStore(\"{Name}\", types, store => store.UseStorage(path => new SqliteEventStorage(path)))");
        var settings = Settings;
        var options = new EventStoreOptions();
        foreach (var change in _registration.Options)
        {
            options = change(_services, options) ?? throw new InvalidOperationException(
                $"A function given to {nameof(EventStoreBuilder.Configure)} of the store '{_registration.Name}' returned null. "
                + "Return the options that it was given, changed or not.");
        }

        options = options with
        {
            Name = Name,
            Telemetry = settings.DisableTelemetry ? TelemetryStart.Never : TelemetryStart.AtOnce,
            Notices = (notice => StoreLog.Notice(_logger, notice)) + options.Notices,
        };
        if (_registration.InlineProjections.Count > 0) options = options.WithInlineProjections(CreateInlineProjections());
        return new EventStore(create(_services, settings), _registration.Types, options);
    }

    private List<Projection> CreateInlineProjections()
    {
        _inlineIsMadeOn = Environment.CurrentManagedThreadId;
        try
        {
            return _registration.InlineProjections.ConvertAll(create => create(_services));
        }
        finally
        {
            _inlineIsMadeOn = 0;
        }
    }

    /// <summary>Opens the storage on another thread, and checks meanwhile what can be checked without it.</summary>
    private async Task<long> OpenStorageAndCheckAsync(
        List<Projection> projections, IReadOnlyList<Reactor> reactors, CancellationToken cancellationToken)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var opening = Task.Run(() => OnceItAnswersAsync(Store.GetHeadAsync, giveUp.Token), CancellationToken.None);
        try
        {
            if (projections.Count > 0) Store.CheckSubscribers(projections);
            if (reactors.Count > 0) Store.CheckSubscribers(reactors);
        }
        catch
        {
            await giveUp.CancelAsync().ConfigureAwait(false);
            await ((Task)opening).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        return await opening.ConfigureAwait(false);
    }

    private async Task<bool> StartInlineProjectionsAsync(CancellationToken cancellationToken)
    {
        await Store.StartInlineProjectionsAsync(cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>
    /// Calls the storage once it answers. One that is busy, does not answer yet, or takes no writes just now is asked again for a while.
    /// </summary>
    private async Task<T> OnceItAnswersAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        var timeout = Settings.StartTimeout;
        var began = Clock.GetTimestamp();
        for (var isFirst = true; ; isFirst = false)
        {
            try
            {
                return await call(cancellationToken).ConfigureAwait(false);
            }
            catch (EventSourcingException failure)
                when (failure.MaySucceedLater() && Clock.GetElapsedTime(began) < timeout)
            {
                if (isFirst) StoreLog.OpeningAgain(_logger, Name, failure.GetType().ToString(), timeout - Clock.GetElapsedTime(began));
                await Task.Delay(Poll, Clock, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
