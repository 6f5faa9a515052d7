using System.Collections;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using EventSourcing.Tests.Postgres;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace EventSourcing.PostgreSql.Tests;

/// <summary>A condition that reaches back to the beginning of the log ("this name was never taken") costs others no time.</summary>
public sealed class FarConditionTests : IDisposable
{
    private const int Events = 300;
    private readonly OneSchema _schema = new();

    public void Dispose() => _schema.Dispose();

    /// <summary>What was known of the log is forgotten then, since the next connection may lead to another server.</summary>
    [Fact]
    public async Task Append_after_a_lost_connection_looks_the_log_through_before_it_takes_the_lock()
    {
        var statements = new Statements();
        var way = new NpgsqlConnectionStringBuilder(PostgresServer.ConnectionString) { ApplicationName = _schema.Name };
        await using var source = new NpgsqlDataSourceBuilder(way.ConnectionString).UseLoggerFactory(statements).EnableParameterLogging().Build();
        await using var storage = new PostgresEventStorage(source, OneSchema.OptionsFor(_schema.Name));
        await storage.AppendAsync(Some.Append("s", 0, [.. Enumerable.Range(0, Events).Select(_ => Some.Event())]));
        PostgresServer.Run($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{_schema.Name}' AND query LIKE '%append_events%'");

        await storage.AppendAsync(Some.Append("t", 0) with { Conditions = [new AppendCondition(EventQuery.WithTags("free"), 0)] });

        var underLock = statements.Batches.Where(batch => batch.Any(one => one.Sql.Contains("pg_advisory_xact_lock", StringComparison.Ordinal)))
            .SelectMany(batch => batch.Where(one => one.Sql.Contains("e.position > $1", StringComparison.Ordinal))).ToList();
        underLock.Should().ContainSingle();
        underLock[0].Parameters[0].Should().Be((long)Events, "what was there before is looked through without the lock");
    }

    /// <summary>The batches that the driver has sent, with their parameters.</summary>
    private sealed class Statements : ILoggerFactory, ILogger
    {
        public ConcurrentQueue<List<(string Sql, List<object?> Parameters)>> Batches { get; } = new();

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public ILogger CreateLogger(string categoryName) => this;

        public void Dispose()
        {
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel != LogLevel.Information || state is not IReadOnlyList<KeyValuePair<string, object?>> values) return;
            foreach (var (_, value) in values)
            {
                if (value is not (IEnumerable commands and not string)) continue;
                var batch = commands.OfType<ITuple>().Where(one => one is { Length: 2 } && one[0] is string && one[1] is IEnumerable)
                    .Select(one => ((string)one[0]!, ((IEnumerable)one[1]!).Cast<object?>().ToList())).ToList();
                if (batch.Count > 0) Batches.Enqueue(batch);
            }
        }
    }
}
