using EventSourcing.Tests.Projections;

namespace EventSourcing.Tests.Erasure;

public sealed class InMemoryErasureTests() : ErasureTests(new OneInMemoryStorage());
