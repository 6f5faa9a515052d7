using EventSourcing.Tests.Aggregates;

namespace EventSourcing.PostgreSql.Tests.Aggregates;

public sealed class PostgresIdempotentCommandTests() : IdempotentCommandTests(new OneSchema());

public sealed class PostgresConflictTests() : ConflictTests(new OneSchema());

public sealed class PostgresHotAggregateTests() : HotAggregateTests(new OneSchema());

public sealed class PostgresCommandsOnSeveralTests() : CommandsOnSeveralTests(new OneSchema());

public sealed class PostgresDeciderTests() : DeciderTests(new OneSchema());

public sealed class PostgresDerivedVerificationTests() : DerivedVerificationTests(new OneSchema());

public sealed class PostgresSnapshotTests() : SnapshotTests(new OneSchema());

public sealed class PostgresSnapshotHistoryTests() : SnapshotHistoryTests(() => new OneSchema(), histories: 6);
