using EventSourcing.Sqlite.Tests.Projections;
using EventSourcing.Tests.Aggregates;

namespace EventSourcing.Sqlite.Tests.Aggregates;

public sealed class SqliteIdempotentCommandTests() : IdempotentCommandTests(new OneSqliteFile());

public sealed class SqliteConflictTests() : ConflictTests(new OneSqliteFile());

public sealed class SqliteDeciderTests() : DeciderTests(new OneSqliteFile());

public sealed class SqliteDerivedVerificationTests() : DerivedVerificationTests(new OneSqliteFile());

public sealed class SqliteSnapshotTests() : SnapshotTests(new OneSqliteFile());

public sealed class SqliteSnapshotHistoryTests() : SnapshotHistoryTests(() => new OneSqliteFile(), histories: 15);
