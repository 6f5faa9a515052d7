using EventSourcing.Tests.Concurrency;

namespace EventSourcing.PostgreSql.Tests.Concurrency;

public sealed class PostgresCancelledAppendTests() : CancelledAppendTests(new OneSchema());
