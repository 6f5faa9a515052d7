using System.Globalization;
using EventSourcing.Tests.Reading;

namespace EventSourcing.PostgreSql.Tests;

public sealed class PostgresDamagedPlaceTests : DamagedPlaceTests, IDisposable
{
    private readonly OneSchema _schema = new();

    public void Dispose() => _schema.Dispose();

    protected override IEventStorage Open() => _schema.Open();

    protected override void Change(string update) => _schema.Run($$"""
        ALTER TABLE {es}.events DISABLE TRIGGER ALL;
        {{string.Format(CultureInfo.InvariantCulture, update, "{es}.events")}};
        ALTER TABLE {es}.events ENABLE ALWAYS TRIGGER append_only;
        ALTER TABLE {es}.events ENABLE ALWAYS TRIGGER not_truncated
        """);
}
