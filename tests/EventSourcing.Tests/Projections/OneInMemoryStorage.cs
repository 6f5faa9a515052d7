using EventSourcing.Tests.Upcasting;

namespace EventSourcing.Tests.Projections;

public sealed class InMemoryExactlyOnceTests() : ExactlyOnceTests(new OneInMemoryStorage());

public sealed class InMemoryParkingTests() : ParkingTests(new OneInMemoryStorage());

public sealed class InMemoryReactorEngineTests() : ReactorEngineTests(new OneInMemoryStorage());

public sealed class InMemoryEngineWaitTests() : EngineWaitTests(new OneInMemoryStorage());

public sealed class InMemoryRebuildTests() : RebuildTests(new OneInMemoryStorage());

public sealed class InMemoryDamagedRecordTests() : DamagedRecordTests(new OneInMemoryStorage());

public sealed class InMemoryNameOwnerTests() : NameOwnerTests(new OneInMemoryStorage());

public sealed class InMemoryRefusedTextTests() : RefusedTextTests(new OneInMemoryStorage());

public sealed class InMemoryStartAgainTests() : StartAgainTests(new OneInMemoryStorage());

public sealed class InMemoryNoticeTests() : NoticeTests(new OneInMemoryStorage());

public sealed class InMemoryHostTests() : HostTests(new OneInMemoryStorage());

public sealed class InMemoryShutdownTests() : ShutdownTests(new OneInMemoryStorage());

public sealed class InMemoryVirtualTimeTests() : VirtualTimeTests(new OneInMemoryStorage());

public sealed class InMemoryStandingOrderTests() : StandingOrderTests(new OneInMemoryStorage());

public sealed class InMemorySynchronousDisposalTests() : SynchronousDisposalTests(new OneInMemoryStorage());

public sealed class InMemoryUnobservedErrorTests() : UnobservedErrorTests(new OneInMemoryStorage());

public sealed class InMemoryFirstStartTests() : FirstStartTests(new OneInMemoryStorage());

public sealed class InMemoryRestTests() : RestTests(new OneInMemoryStorage());

public sealed class InMemoryInlineTests() : InlineTests(new OneInMemoryStorage());

public sealed class InMemoryOldEventsTests() : OldEventsTests(new OneInMemoryStorage());

/// <summary>All apps of a test are in one process, so they share the storage itself.</summary>
internal sealed class OneInMemoryStorage : IStorageSource
{
    private InMemoryEventStorage? _storage;

    public IEventStorage Open(TimeProvider? clock = null) =>
        _storage ??= new InMemoryEventStorage(new EventStorageOptions { TimeProvider = clock ?? TimeProvider.System });

    public void Dispose()
    {
    }
}
