using System.Globalization;
using EventSourcing.Tests.Reading;

namespace EventSourcing.Sqlite.Tests.Reading;

public sealed class SqliteDamagedPlaceTests : DamagedPlaceTests, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    protected override IEventStorage Open() => new SqliteEventStorage(_folder.Store);

    protected override void Change(string update)
    {
        using var foreign = Some.ForeignConnection(_folder.Store);
        foreign.RunPastTriggers(string.Format(CultureInfo.InvariantCulture, update, "events"));
    }
}
