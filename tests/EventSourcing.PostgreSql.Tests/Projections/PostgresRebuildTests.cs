using EventSourcing.Tests.Projections;
using EventSourcing.Tests.Upcasting;

namespace EventSourcing.PostgreSql.Tests.Projections;

public sealed class PostgresExactlyOnceTests() : ExactlyOnceTests(new OneSchema());

public sealed class PostgresParkingTests() : ParkingTests(new OneSchema());

public sealed class PostgresReactorEngineTests() : ReactorEngineTests(new OneSchema());

public sealed class PostgresEngineWaitTests() : EngineWaitTests(new OneSchema());

public sealed class PostgresRebuildTests() : RebuildTests(new OneSchema());

public sealed class PostgresDamagedRecordTests() : DamagedRecordTests(new OneSchema());

public sealed class PostgresNameOwnerTests() : NameOwnerTests(new OneSchema());

public sealed class PostgresRefusedTextTests() : RefusedTextTests(new OneSchema());

public sealed class PostgresHostTests() : HostTests(new OneSchema());

public sealed class PostgresShutdownTests() : ShutdownTests(new OneSchema());

public sealed class PostgresVirtualTimeTests() : VirtualTimeTests(new OneSchema());

public sealed class PostgresStandingOrderTests() : StandingOrderTests(new OneSchema());

public sealed class PostgresSynchronousDisposalTests() : SynchronousDisposalTests(new OneSchema());

public sealed class PostgresUnobservedErrorTests() : UnobservedErrorTests(new OneSchema());

public sealed class PostgresFirstStartTests() : FirstStartTests(new OneSchema());

public sealed class PostgresRestTests() : RestTests(new OneSchema());

public sealed class PostgresInlineTests() : InlineTests(new OneSchema());

public sealed class PostgresOldEventsTests() : OldEventsTests(new OneSchema());
