using EventSourcing.Sqlite.Tests.Projections;
using EventSourcing.Tests.Imports;

namespace EventSourcing.Sqlite.Tests.Imports;

public sealed class SqliteImportTests() : ImportTests(new OneSqliteFile());
