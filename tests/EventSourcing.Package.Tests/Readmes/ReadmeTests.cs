using EventSourcing.Tests.Postgres;

namespace EventSourcing.Package.Tests;

/// <summary>Every README's code runs, in a fresh project, against the packed packages, and prints what the README says.</summary>
[Collection(nameof(PackedPackages))]
public class ReadmeTests(PackedPackages packages)
{
    internal const string FirstScreen = "FirstScreen";

    internal static readonly (string Package, string[] Others)[] Guides =
        [("EventSourcing", []), ("EventSourcing.Explorer", []), ("EventSourcing.Sqlite", []), ("EventSourcing.Testing", ["xunit"])];

    public static TheoryData<string> GuidedPackages => new(Guides.Select(guide => guide.Package));

    [Fact]
    public async Task First_screen_runs_in_a_fresh_project_and_its_file_is_there_the_second_time()
    {
        var readme = ReadmeProgram.Read(await File.ReadAllTextAsync(SourceTree.PathOf("README.md")));
        var project = await packages.ProgramAsync(FirstScreen);

        (await project.RunAsync()).Should().Equal(readme.Output);
        (await project.RunAsync()).Should().HaveCount(readme.Output.Count + 1, "the second run deposits once more")
            .And.EndWith("Balance { Amount = 200 }");
    }

    [Fact]
    public async Task First_screen_fits_on_a_screen() =>
        ReadmeProgram.Read(await File.ReadAllTextAsync(SourceTree.PathOf("README.md"))).LinesOfFirstBlock.Should().BeLessThanOrEqualTo(50);

    [Theory]
    [MemberData(nameof(GuidedPackages))]
    public async Task Guide_runs_in_a_fresh_project_and_prints_what_it_says(string package)
    {
        var readme = ReadmeProgram.Read(await File.ReadAllTextAsync(SourceTree.PathOf("src", package, "README.md")));
        var project = await packages.ProgramAsync($"{package}.Guide");

        (await project.RunAsync()).Should().Equal(readme.Output);
    }

    /// <summary>The same on a server of its own, to which the guide's connection string is made to lead.</summary>
    [OwnServerFact]
    public async Task Guide_of_postgresql_runs_in_a_fresh_project_and_prints_what_it_says()
    {
        const string Example = "Host=localhost;Database=shop;Username=shop";
        using var server = PostgresInstance.Start(PostgresBinaries.Find(out _)!, isDurable: true);
        var readme = ReadmeProgram.Read(await File.ReadAllTextAsync(SourceTree.PathOf("src", "EventSourcing.PostgreSql", "README.md")));
        var program = readme.Text.Replace(Example, server.ConnectionString(), StringComparison.Ordinal);
        program.Should().NotBe(readme.Text);
        var project = await FreshProject.CreateAsync(packages, "EventSourcing.PostgreSql.Guide", program, "EventSourcing.PostgreSql");

        (await project.RunAsync()).Should().Equal(readme.Output);
    }

    /// <summary>The root README says that an app moves to PostgreSQL by one line, and which.</summary>
    [OwnServerFact]
    public async Task First_screen_with_the_one_line_changed_runs_on_postgresql_and_goes_on_the_second_time()
    {
        const string Server = "Host=db;Database=bank;Username=bank";
        const string Before = "new SqliteEventStorage(\"bank.db\")";
        const string After = $"new PostgresEventStorage(\"{Server}\")";
        using var server = PostgresInstance.Start(PostgresBinaries.Find(out _)!, isDurable: true);
        var text = await File.ReadAllTextAsync(SourceTree.PathOf("README.md"));
        var readme = ReadmeProgram.Read(text);
        var lines = text.Split('\n');
        lines.Should().ContainSingle(line => line.StartsWith(Before, StringComparison.Ordinal))
            .And.ContainSingle(line => line.StartsWith(After, StringComparison.Ordinal));
        var after = After.Replace(Server, server.ConnectionString(), StringComparison.Ordinal);
        var moved = readme.Text.Replace(Before, after, StringComparison.Ordinal);
        moved.Split('\n').Zip(readme.Text.Split('\n')).Count(pair => pair.First != pair.Second).Should().Be(1);
        var project = await FreshProject.CreateAsync(packages, "EventSourcing.PostgreSql.FirstScreen", moved, "EventSourcing.PostgreSql");

        (await project.RunAsync()).Should().Equal(readme.Output);
        (await project.RunAsync()).Should().HaveCount(readme.Output.Count + 1, "the second run deposits once more")
            .And.EndWith("Balance { Amount = 200 }");
    }

    [Fact]
    public void Links_between_the_files_of_the_tree_lead_somewhere()
    {
        var broken =
            from file in SourceTree.FilesUnder(".")
            where file.EndsWith(".md", StringComparison.Ordinal)
            let folder = Path.GetDirectoryName(SourceTree.PathOf(file))!
            from System.Text.RegularExpressions.Match link in System.Text.RegularExpressions.Regex.Matches(File.ReadAllText(SourceTree.PathOf(file)), @"\]\((?<target>[^)#]+)(#[^)]*)?\)")
            let target = link.Groups["target"].Value
            where !target.Contains("://", StringComparison.Ordinal) && !Path.Exists(Path.Combine(folder, target))
            select $"{file}: {target}";

        broken.Should().BeEmpty();
    }

    /// <summary>On nuget.org a README stands alone: a relative link leads nowhere, and one to the repository must name a file of it.</summary>
    [Theory]
    [InlineData("EventSourcing")]
    [InlineData("EventSourcing.Explorer")]
    [InlineData("EventSourcing.PostgreSql")]
    [InlineData("EventSourcing.Sqlite")]
    [InlineData("EventSourcing.AspNetCore")]
    [InlineData("EventSourcing.Hosting")]
    [InlineData("EventSourcing.Testing")]
    [InlineData("EventSourcing.Tool")]
    public async Task Links_of_a_package_readme_work_outside_the_tree(string package)
    {
        const string Repository = "https://github.com/event-sourcing-net/event-sourcing/blob/main/";
        var text = await File.ReadAllTextAsync(SourceTree.PathOf("src", package, "README.md"));
        var targets = System.Text.RegularExpressions.Regex.Matches(text, @"\]\((?<target>[^)#]+)(#[^)]*)?\)").Select(link => link.Groups["target"].Value).ToList();

        targets.Where(target => !target.StartsWith("https://", StringComparison.Ordinal)).Should().BeEmpty();
        targets.Where(target => target.StartsWith(Repository, StringComparison.Ordinal))
            .Where(target => !Path.Exists(SourceTree.PathOf(target[Repository.Length..]))).Should().BeEmpty();
    }
}
