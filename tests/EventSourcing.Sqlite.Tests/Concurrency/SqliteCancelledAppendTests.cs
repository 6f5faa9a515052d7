using EventSourcing.Sqlite.Tests.Projections;
using EventSourcing.Tests.Concurrency;

namespace EventSourcing.Sqlite.Tests.Concurrency;

public sealed class SqliteCancelledAppendTests() : CancelledAppendTests(new OneSqliteFile());
