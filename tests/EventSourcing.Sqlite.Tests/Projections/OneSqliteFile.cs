using EventSourcing.Tests.Projections;
using EventSourcing.Tests.Upcasting;

namespace EventSourcing.Sqlite.Tests.Projections;

public sealed class SqliteExactlyOnceTests() : ExactlyOnceTests(new OneSqliteFile());

public sealed class SqliteParkingTests() : ParkingTests(new OneSqliteFile());

public sealed class SqliteReactorEngineTests() : ReactorEngineTests(new OneSqliteFile());

public sealed class SqliteEngineWaitTests() : EngineWaitTests(new OneSqliteFile());

public sealed class SqliteRebuildTests() : RebuildTests(new OneSqliteFile());

public sealed class SqliteDamagedRecordTests() : DamagedRecordTests(new OneSqliteFile());

public sealed class SqliteNameOwnerTests() : NameOwnerTests(new OneSqliteFile());

public sealed class SqliteRefusedTextTests() : RefusedTextTests(new OneSqliteFile());

public sealed class SqliteStartAgainTests() : StartAgainTests(new OneSqliteFile());

public sealed class SqliteNoticeTests() : NoticeTests(new OneSqliteFile());

public sealed class SqliteHostTests() : HostTests(new OneSqliteFile());

public sealed class SqliteShutdownTests() : ShutdownTests(new OneSqliteFile());

public sealed class SqliteVirtualTimeTests() : VirtualTimeTests(new OneSqliteFile());

public sealed class SqliteStandingOrderTests() : StandingOrderTests(new OneSqliteFile());

public sealed class SqliteSynchronousDisposalTests() : SynchronousDisposalTests(new OneSqliteFile());

public sealed class SqliteUnobservedErrorTests() : UnobservedErrorTests(new OneSqliteFile());

public sealed class SqliteFirstStartTests() : FirstStartTests(new OneSqliteFile());

public sealed class SqliteRestTests() : RestTests(new OneSqliteFile());

public sealed class SqliteInlineTests() : InlineTests(new OneSqliteFile());

public sealed class SqliteOldEventsTests() : OldEventsTests(new OneSqliteFile());

/// <summary>Each app of a test opens the file for itself, as one in another process would.</summary>
internal sealed class OneSqliteFile : IStorageSource
{
    private readonly TemporaryFolder _folder = new();

    public IEventStorage Open(TimeProvider? clock = null) => new SqliteEventStorage(
        _folder.Store, new SqliteEventStorageOptions { PollInterval = TimeSpan.FromMilliseconds(5), TimeProvider = clock ?? TimeProvider.System });

    public void Dispose() => _folder.Dispose();
}
