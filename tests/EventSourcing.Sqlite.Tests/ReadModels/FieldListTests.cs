namespace EventSourcing.Sqlite.Tests.ReadModels;

/// <summary>The list of fields in the catalogue of a storage. PostgreSQL has the same.</summary>
public sealed class FieldListTests
{
    [Fact]
    public void Read_what_was_written_returns_the_fields_of_every_kind()
    {
        FieldDefinition[] fields = [.. Enum.GetValues<FieldKind>().Select(kind => new FieldDefinition($"of_{kind}", kind)), new("again", FieldKind.Text)];

        FieldList.Read(FieldList.Written(fields)).Should().Equal(fields);
    }

    [Fact]
    public void Read_what_was_written_of_no_fields_returns_none() => FieldList.Read(FieldList.Written((FieldDefinition[])[])).Should().BeEmpty();

    /// <summary>Stores that exist have these words.</summary>
    [Fact]
    public void Write_fields_names_each_with_the_word_for_its_kind() =>
        FieldList.Written([new("city", FieldKind.Text), new("total", FieldKind.Number), new("items", FieldKind.WholeNumber)])
            .Should().Be("city TEXT, total REAL, items INTEGER");

    [Theory]
    [InlineData("x")]
    [InlineData(" ")]
    [InlineData("city")]
    [InlineData("city text")]
    [InlineData("city NUMERIC")]
    [InlineData("city TEXT,total REAL")]
    [InlineData("city TEXT, ")]
    [InlineData("city  TEXT")]
    [InlineData("city TEXT, total")]
    public void Read_a_text_that_was_not_written_is_an_error_that_quotes_it(string written) =>
        FluentActions.Invoking(() => FieldList.Read(written)).Should().Throw<FormatException>().WithMessage($"'{written}' is no list of fields.");

    [Theory]
    [InlineData("city NUMERIC")]
    [InlineData("TEXT")]
    [InlineData("city TEXT, city TEXT")]
    public async Task Read_a_read_model_whose_list_of_fields_is_damaged_is_an_error_that_quotes_the_list(string written)
    {
        using var folder = new TemporaryFolder();
        await using (var storage = new SqliteEventStorage(folder.Store))
            await storage.ReadModels.CommitAsync(new ReadModelCommit { Creates = [SomeReadModel.Orders] });
        using (var foreign = Some.ForeignConnection(folder.Store)) foreign.Run($"UPDATE read_models SET fields = '{written}'");
        await using var damaged = new SqliteEventStorage(folder.Store);

        (await FluentActions.Awaiting(() => damaged.ReadModels.QueryAsync(SomeReadModel.Orders.Name, new DocumentQuery()).AsTask())
            .Should().ThrowAsync<ReadModelDamagedException>()).WithMessage($"*says that it has the fields '{written}', which cannot be read*");
    }
}
