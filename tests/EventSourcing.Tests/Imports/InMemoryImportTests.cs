using EventSourcing.Tests.Projections;

namespace EventSourcing.Tests.Imports;

public sealed class InMemoryImportTests() : ImportTests(new OneInMemoryStorage());
