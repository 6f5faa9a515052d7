using EventSourcing.Tests.Imports;

namespace EventSourcing.PostgreSql.Tests.Imports;

public sealed class PostgresImportTests() : ImportTests(new OneSchema());
