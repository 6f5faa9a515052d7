using EventSourcing.Tests.Erasure;

namespace EventSourcing.PostgreSql.Tests.Erasure;

public sealed class PostgresErasureTests() : ErasureTests(new OneSchema());
