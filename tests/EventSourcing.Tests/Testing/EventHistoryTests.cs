using EventSourcing.Testing;
using EventSourcing.Tests.Upcasting;

namespace EventSourcing.Tests.Testing;

public sealed class EventHistoryTests : IDisposable
{
    private static readonly object[] Events = [new Paid(3, "EUR", 0), new PaidV2(2, "CHF"), new AddressChanged("Elm"), new PhoneChanged("1"), new Charged(1, 2), new Closed()];
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Check_passes_where_every_version_has_a_sample_that_is_read()
    {
        await RecordAllAsync();
        await EventHistory.CheckAsync(Wallet.Types, _folder.FullName);
        Files().Should().Equal("address-changed@1.json", "charged@1.json", "closed@1.json", "looked-at@1.json", "moved@1.json", "paid@1.json", "paid@2.json", "paid@3.json", "phone-changed@1.json", "tipped@1.json");
        Read("paid@3.json").Should().Be("{\n  \"amount\": 3,\n  \"currency\": \"EUR\",\n  \"fee\": 0\n}\n");
    }

    [Fact]
    public async Task Check_lists_every_version_without_a_sample_and_every_sample_that_is_not_read()
    {
        await RecordAllAsync();
        File.Delete(PathOf("paid@1.json"));
        File.Delete(PathOf("paid@2.json"));
        Write("paid@3.old.json", """{"amount":3}""");
        Write("tipped@1.json", """{"sum":3}""");
        Write("unheard@1.json", "{}");
        Write("paid@9.json", "{}");
        Write("notes.txt", "");
        var finding = (await FluentActions.Awaiting(() => EventHistory.CheckAsync(Wallet.Types, _folder.FullName)).Should().ThrowAsync<EventHistoryException>()).Which;
        finding.Problems.Should().HaveCount(7);
        finding.Problems.Should().ContainSingle(p => p.StartsWith("paid@1.json is missing") && p.Contains("from a database"));
        finding.Problems.Should().ContainSingle(p => p.StartsWith("paid@2.json is missing") && p.Contains("new PaidV2(…)"));
        finding.Problems.Should().ContainSingle(p => p.StartsWith("paid@3.old.json cannot be read") && p.Contains("currency"));
        finding.Problems.Should().ContainSingle(p => p.StartsWith("tipped@1.json cannot be read"));
        finding.Problems.Should().ContainSingle(p => p.StartsWith("unheard@1.json cannot be read") && p.Contains("not a name"));
        finding.Problems.Should().ContainSingle(p => p.StartsWith("paid@9.json cannot be read"));
        finding.Problems.Should().ContainSingle(p => p.StartsWith("notes.txt is not a name of a sample"));
        finding.Message.Should().StartWith("7 problems").And.ContainAll(finding.Problems);
    }

    [Fact]
    public async Task Check_of_a_folder_that_is_not_there_lists_all_as_missing() =>
        (await FluentActions.Awaiting(() => EventHistory.CheckAsync(Bank.Types, Path.Combine(_folder.FullName, "none"))).Should().ThrowAsync<EventHistoryException>()).Which.Problems.Should().HaveCount(4);

    [Fact]
    public async Task Check_finds_a_property_that_today_s_type_has_lost_and_allows_one_more()
    {
        Write("note@1.json", """{"text":"x","by":{"name":"Ann","tags":["a","b"]},"nothing":null}""");
        await EventHistory.CheckAsync(new EventTypes(EventType.Of<Note>("note")), _folder.FullName);
        await EventHistory.CheckAsync(new EventTypes(EventType.Of<NoteWithMore>("note")), _folder.FullName);
        (await FluentActions.Awaiting(() => EventHistory.CheckAsync(new EventTypes(EventType.Of<NoteWithLess>("note")), _folder.FullName)).Should().ThrowAsync<EventHistoryException>())
            .Which.Problems.Should().ContainSingle().Which.Should().Contain("$.by.tags is lost");
    }

    [Fact]
    public async Task Check_finds_every_type_that_JSON_cannot_handle_with_a_sample_or_without()
    {
        Write("note@1.json", """{"text":"x"}""");
        var options = new EventStoreOptions { Json = new(BankJson.Default.Options) };
        var types = new EventTypes(EventType.Of<Note>("note"), EventType.Of<NoteWithMore>("more"), EventType.Of<AccountOpened>("account-opened"));
        Write("account-opened@1.json", """{"Owner":"Ann"}""");
        var finding = (await FluentActions.Awaiting(() => EventHistory.CheckAsync(types, _folder.FullName, options)).Should().ThrowAsync<EventHistoryException>()).Which;
        finding.Problems.Should().HaveCount(4);
        finding.Problems.Should().ContainSingle(p => p.StartsWith("note@1.json cannot be read"));
        finding.Problems.Should().ContainSingle(p => p.StartsWith("more@1.json is missing"));
        foreach (var name in new[] { nameof(Note), nameof(NoteWithMore) }) finding.Problems.Should().ContainSingle(p => p.StartsWith("JSON cannot handle") && p.Contains($"[JsonSerializable(typeof({name}))]"));
    }

    [Fact]
    public async Task Check_finds_an_event_that_is_read_and_cannot_be_written()
    {
        Write("odd@1.json", """{"text":"x"}""");
        (await FluentActions.Awaiting(() => EventHistory.CheckAsync(new EventTypes(EventType.Of<OnlyRead>("odd")), _folder.FullName)).Should().ThrowAsync<EventHistoryException>())
            .Which.Problems.Should().ContainSingle().Which.Should().Contain("odd@1.json is read as").And.Contain("cannot be written");
    }

    [Theory]
    [InlineData(typeof(Events.ReadBackTests.Tupled))]
    [InlineData(typeof(Events.ReadBackTests.Vectored))]
    public async Task Check_finds_an_event_of_which_JSON_writes_nothing(Type type)
    {
        Write("odd@1.json", "{}");
        var of = typeof(EventType).GetMethod(nameof(EventType.Of), 1, [typeof(string)])!.MakeGenericMethod(type);
        var types = new EventTypes((EventType)of.Invoke(null, ["odd"])!);
        var options = new EventStoreOptions { Json = new(System.Text.Json.JsonSerializerDefaults.Web) };
        (await FluentActions.Awaiting(() => EventHistory.CheckAsync(types, _folder.FullName, options)).Should().ThrowAsync<EventHistoryException>())
            .Which.Problems.Should().ContainSingle().Which.Should().Contain("odd@1.json is read as").And.Contain("would not be read back");
    }

    [Fact]
    public async Task Record_writes_what_is_missing_and_never_changes_what_is_there()
    {
        await EventHistory.RecordAsync(Wallet.Types, _folder.FullName, Events);
        Write("paid@2.json", """{ "currency":"CHF", "amount":2.0 }""");
        await EventHistory.RecordAsync(Wallet.Types, _folder.FullName, Events); // the same, said in another way

        Write("paid@2.json", """{"amount":2}""");
        File.Delete(PathOf("paid@3.json"));
        var finding = (await FluentActions.Awaiting(() => EventHistory.RecordAsync(Wallet.Types, _folder.FullName, Events)).Should().ThrowAsync<EventHistoryException>()).Which;
        finding.Problems.Should().ContainSingle().Which.Should().ContainAll("paid@2.json is not what is stored now", "recorded: {\"amount\":2}", "now:      {\"amount\":2,\"currency\":\"CHF\"}", "upcaster");
        Read("paid@2.json").Should().Be("""{"amount":2}""");
        Files().Should().Contain("paid@3.json");
    }

    [Fact]
    public async Task Record_and_check_names_that_files_cannot_have()
    {
        var types = new EventTypes(EventType.Of<Closed>("a/b: c@d%41"), EventType.Of<PhoneChanged>("a.b"));
        await EventHistory.RecordAsync(types, _folder.FullName, [new Closed(), new PhoneChanged("1")]);
        Files().Should().Equal("a%2Fb%3A%20c%40d%2541@1.json", "a.b@1.json");
        await EventHistory.CheckAsync(types, _folder.FullName);
    }

    [Fact]
    public async Task Record_names_that_differ_in_case_only_gives_them_files_that_do_not_collide()
    {
        var types = new EventTypes(EventType.Of<Closed>("a/Paid"), EventType.Of<PhoneChanged>("A/paid"), EventType.Of<AddressChanged>("Alone"));
        object[] events = [new Closed(), new PhoneChanged("1"), new AddressChanged("Elm")];
        for (var i = 0; i < 2; i++) await EventHistory.RecordAsync(types, _folder.FullName, events);
        Files().Should().Equal("%41%2Fpaid@1.json", "Alone@1.json", "a%2F%50aid@1.json");
        await EventHistory.CheckAsync(types, _folder.FullName);
    }

    [Fact]
    public async Task Check_and_record_name_a_file_that_stands_in_the_place_of_another_where_case_is_ignored()
    {
        var types = new EventTypes(EventType.Of<Closed>("Paid"), EventType.Of<PhoneChanged>("paid"));
        Write("Paid@1.json", "{}");
        (await FluentActions.Awaiting(() => EventHistory.RecordAsync(types, _folder.FullName, [new Closed(), new PhoneChanged("1")])).Should().ThrowAsync<EventHistoryException>())
            .Which.Problems.Should().Equal("Paid@1.json stands where a file system that ignores case would look for paid@1.json, a sample of another event. Rename it to %50aid@1.json, which is read as the same event.");
        Write("paid@1.json", """{"number":"1"}""");
        (await FluentActions.Awaiting(() => EventHistory.CheckAsync(types, _folder.FullName)).Should().ThrowAsync<EventHistoryException>())
            .Which.Problems.Should().ContainSingle().Which.Should().StartWith("Paid@1.json stands where").And.Contain("Rename it to %50aid@1.json");
        File.Move(PathOf("Paid@1.json"), PathOf("%50aid@1.json"));
        await EventHistory.CheckAsync(types, _folder.FullName);
    }

    /// <summary>To open a pipe waits for somebody who writes to it.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Check_and_record_of_a_folder_with_an_empty_file_or_a_pipe_name_it_and_do_not_wait(bool isPipe)
    {
        if (OperatingSystem.IsWindows()) return; // its pipes are not in folders
        await RecordAllAsync();
        var name = Files().First();
        File.Delete(PathOf(name));
        if (isPipe)
        {
            using var made = System.Diagnostics.Process.Start("mkfifo", [PathOf(name)]);
            await made.WaitForExitAsync();
        }
        else
        {
            await File.WriteAllTextAsync(PathOf(name), "");
        }

        foreach (var look in new[] { () => EventHistory.CheckAsync(Wallet.Types, _folder.FullName), () => EventHistory.RecordAsync(Wallet.Types, _folder.FullName, Events) })
            (await FluentActions.Awaiting(look).Should().ThrowAsync<EventHistoryException>()).Which.Problems.Should().Contain(problem => problem.StartsWith(name) && problem.Contains("a pipe or a device"));
        new FileInfo(PathOf(name)).Length.Should().Be(0, "a sample is never changed");
    }

    private async Task RecordAllAsync()
    {
        await EventHistory.RecordAsync(Wallet.Types, _folder.FullName, Events);
        Write("paid@1.json", """{"sum":1.10}""");
        Write("tipped@1.json", """{"amount":6}""");
        Write("moved@1.json", "{}");
        Write("looked-at@1.json", "{}");
    }

    private string PathOf(string file) => Path.Combine(_folder.FullName, file);

    private void Write(string file, string json) => File.WriteAllText(PathOf(file), json);

    private string Read(string file) => File.ReadAllText(PathOf(file));

    private IEnumerable<string> Files() => _folder.EnumerateFiles().Select(file => file.Name).Order(StringComparer.Ordinal);

    private sealed record Note(string Text, Author By, string? Nothing);

    private sealed record NoteWithMore(string Text, Author By, string? Nothing, int More = 1);

    private sealed record NoteWithLess(string Text, Author2 By);

    private sealed record OnlyRead(string Text)
    {
        public Action Again { get; } = () => { };
    }

    private sealed record Author(string Name, string[] Tags);

    private sealed record Author2(string Name);
}
