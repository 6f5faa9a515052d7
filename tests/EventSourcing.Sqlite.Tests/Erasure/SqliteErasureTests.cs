using EventSourcing.Sqlite.Tests.Projections;
using EventSourcing.Tests.Erasure;

namespace EventSourcing.Sqlite.Tests.Erasure;

public sealed class SqliteErasureTests() : ErasureTests(new OneSqliteFile());
