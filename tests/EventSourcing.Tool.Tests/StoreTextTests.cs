namespace EventSourcing.Tool.Tests;

/// <summary>How stores are named, and what is shown of that.</summary>
public sealed class StoreTextTests
{
    [Theory]
    [InlineData("postgres://ann:s3cr%40t@db.example:5433/shop?schema=orders&sslmode=require", "postgres://db.example:5433/shop?schema=orders")]
    [InlineData("postgresql://db.example/shop", "postgres://db.example/shop")]
    [InlineData("Host=db.example;Database=shop;Username=ann;Password=s3cr@t", "postgres://db.example/shop")]
    [InlineData("Password=s3cr@t; Server = db.example; Database=shop; Schema=orders", "postgres://db.example/shop?schema=orders")]
    public void Show_a_database_shows_no_password(string text, string expected)
    {
        var store = StoreText.Parse(text, static _ => null);

        store.Display.Should().Be(expected);
        store.File.Should().BeNull();
    }

    [Fact]
    public void Read_a_url_keeps_what_it_says()
    {
        var postgres = PostgresText.Parse("postgres://ann:s3cr%40t@db.example:5433/shop?schema=orders&sslmode=require")!;

        postgres.Schema.Should().Be("orders");
        postgres.ConnectionString.Should().Contain("Host=db.example").And.Contain("Port=5433").And.Contain("Username=ann").And.Contain("Password=s3cr@t").And.Contain("SSL Mode=Require");
    }

    [Theory]
    [InlineData("shop.db", "./folder/../shop.db", true)]
    [InlineData("shop.db", "link.db", true)]
    [InlineData("linked/shop.db", "folder/shop.db", true)]
    [InlineData("link-to-link.db", "shop.db", true)]
    [InlineData("shop.db", "folder/shop.db", false)]
    [InlineData("shop.db", "postgres://db.example/shop", false)]
    [InlineData("postgres://ann@db.example/shop", "Host=DB.example;Port=5432;Database=shop;Username=bob;Schema=eventsourcing", true)]
    [InlineData("postgres://shop@db.example", "postgres://ann@db.example/shop", true)]
    [InlineData("postgres://db.example/shop", "postgres://db.example:5433/shop", false)]
    [InlineData("postgres://db.example/shop", "postgres://db.example/shop?schema=orders", false)]
    [InlineData("postgres://db.example/shop", "postgres://other.example/shop", false)]
    [InlineData("postgres://db.example/shop", "postgres://db.example/stock", false)]
    public void Compare_two_texts_tells_whether_they_name_one_store(string one, string other, bool expected)
    {
        if (OperatingSystem.IsWindows()) return;
        using var folder = new WorkFolder();
        Directory.CreateDirectory("folder");
        File.CreateSymbolicLink("link.db", "shop.db");
        File.CreateSymbolicLink("link-to-link.db", Path.GetFullPath("link.db"));
        File.CreateSymbolicLink("circle.db", "circle.db");
        Directory.CreateSymbolicLink("linked", "folder");

        Store(one).IsSameAs(Store(other)).Should().Be(expected);
        Store(other).IsSameAs(Store(one)).Should().Be(expected);
        Store(one).IsSameAs(Store("circle.db")).Should().BeFalse();

        static StoreText Store(string text) => StoreText.Parse(text, static _ => null);
    }

    [Theory]
    [InlineData("postgres://ann:s3cr@t@:nowhere")]
    [InlineData("Host=db.example;Password=s3cr@t;Pasword=s3cr@t")]
    [InlineData("Host=db.example;Password='s3cr@t")]
    public async Task Mistype_a_database_says_so_and_shows_no_password(string text)
    {
        var run = await Run.Piped("info", text);

        run.ExitCode.Should().Be(2);
        run.Both.Should().Contain("neither a URL").And.NotContain("s3cr");
    }

    [Theory]
    [InlineData("postgres://ann:s3cr@t@db.example/shop")]
    [InlineData("Host=db.example;Password=s3cr@t")]
    [InlineData("Host=db.example;Pwd='s3cr@t';Database=shop")]
    public async Task Give_a_database_in_a_wrong_place_shows_no_password(string text)
    {
        var run = await Run.Piped("info", "shop.db", text);

        run.ExitCode.Should().Be(2);
        run.Both.Should().Contain("db.example").And.NotContain("s3cr").And.NotContain("cr@t");
    }

    /// <summary>Texts that are taken for the path of a file.</summary>
    [Theory]
    [InlineData("postgres:/ann:s3cr@t@db.example/shop")]
    [InlineData("postgres//ann:s3cr@t@db.example/shop")]
    [InlineData("postgres:ann:s3cr@t@db.example/shop")]
    [InlineData("//ann:s3cr@t@db.example/shop")]
    [InlineData("ann:s3cr@t@db.example:5432/shop")]
    [InlineData("Host:db.example;Password:s3cr@t")]
    [InlineData("passwd=s3cr@t;db=db.example")]
    public async Task Mistype_a_database_so_that_it_seems_a_file_shows_no_password(string text)
    {
        var run = await Run.Piped("info", text);

        run.ExitCode.Should().Be(2);
        run.Both.Should().Contain("db.example").And.NotContain("s3cr").And.NotContain("cr@t");
    }

    [Fact]
    public async Task Back_up_a_database_as_a_file_is_refused_with_what_to_do() =>
        (await Run.Piped("restore", "copy.db", "Host=db.example;Password=s3cr@t")).Error.Should().Contain("Only a store in a file is restored so.").And.NotContain("s3cr");
}
