using System.Globalization;

namespace EventSourcing.Testing;

/// <summary>One titled case of the contract, which every storage must pass. Immutable; may run any number of times.</summary>
public sealed class ConformanceCase
{
    private readonly Func<StoreUnderTest, Task> _run;
    private readonly EventStorageLimits _limits;

    internal ConformanceCase(string title, ConformanceRule rule, Func<StoreUnderTest, Task> run, EventStorageLimits? limits = null)
    {
        Title = title;
        Rule = rule;
        _run = run;
        _limits = limits ?? new EventStorageLimits();
    }

    /// <summary>What is done, under which circumstance, with which outcome. Unique among all cases.</summary>
    public string Title { get; }

    /// <summary>The part of the contract that the case is about.</summary>
    public ConformanceRule Rule { get; }

    /// <summary>Runs the case on new storages of a fixture, and disposes them.</summary>
    /// <param name="fixture">Opens the storages.</param>
    /// <param name="cancellationToken">Abandons the case.</param>
    /// <returns>A task that completes if the storage keeps the contract.</returns>
    /// <exception cref="ConformanceException">
    /// The storage breaks the contract; the message says what was expected and what happened.
    /// </exception>
    public async Task RunAsync(IEventStorageFixture fixture, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(fixture);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var store = new StoreUnderTest(fixture, _limits, stop.Token);

        // It runs on the thread pool, so that a storage which blocks its caller cannot block the test runner.
        var run = Task.Run(() => RunAsync(store), CancellationToken.None);

        // Once it is given up, nobody is told how it ends.
        run.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(() => _ = run.Exception);
        try
        {
            await run.WaitAsync(fixture.Patience, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new ConformanceException(string.Create(
                CultureInfo.InvariantCulture,
                $"{Title}: expected {store.WaitingFor}, but it had not happened after {fixture.Patience.TotalSeconds} s."));
        }
        catch (Exception failure) when (failure is not ConformanceException && !cancellationToken.IsCancellationRequested)
        {
            throw new ConformanceException(
                $"{Title}: expected no error here, but got {failure.GetType().Name}: {failure.Message}", failure);
        }
        finally
        {
            await stop.CancelAsync();
        }
    }

    /// <summary>The title.</summary>
    /// <returns>The title.</returns>
    public override string ToString() => Title;

    private async Task RunAsync(StoreUnderTest store)
    {
        await using (store)
        {
            await store.OpenAsync();
            await _run(store);
        }
    }
}
