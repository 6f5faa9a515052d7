using EventSourcing.Tests.Projections;

namespace EventSourcing.Tests.Aggregates;

public sealed class InMemoryIdempotentCommandTests() : IdempotentCommandTests(new OneInMemoryStorage());

public sealed class InMemoryConflictTests() : ConflictTests(new OneInMemoryStorage());

public sealed class InMemoryDeciderTests() : DeciderTests(new OneInMemoryStorage());

public sealed class InMemoryDerivedVerificationTests() : DerivedVerificationTests(new OneInMemoryStorage());

public sealed class InMemorySnapshotTests() : SnapshotTests(new OneInMemoryStorage());

public sealed class InMemorySnapshotHistoryTests() : SnapshotHistoryTests(() => new OneInMemoryStorage(), histories: 150);
