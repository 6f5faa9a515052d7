using SQLitePCL;

namespace EventSourcing.Sqlite.Tests;

public sealed class SqliteFaultTests
{
    [Theory]
    [InlineData(raw.SQLITE_ERROR, SqliteFault.Damage)]
    [InlineData(raw.SQLITE_INTERNAL, SqliteFault.Misuse)]
    [InlineData(raw.SQLITE_PERM, SqliteFault.Access)]
    [InlineData(raw.SQLITE_ABORT, SqliteFault.Interrupted)]
    [InlineData(raw.SQLITE_BUSY, SqliteFault.Busy)]
    [InlineData(raw.SQLITE_LOCKED, SqliteFault.Busy)]
    [InlineData(raw.SQLITE_NOMEM, SqliteFault.Medium)]
    [InlineData(raw.SQLITE_READONLY, SqliteFault.Access)]
    [InlineData(raw.SQLITE_INTERRUPT, SqliteFault.Interrupted)]
    [InlineData(raw.SQLITE_IOERR, SqliteFault.Medium)]
    [InlineData(raw.SQLITE_CORRUPT, SqliteFault.Damage)]
    [InlineData(raw.SQLITE_NOTFOUND, SqliteFault.Misuse)]
    [InlineData(raw.SQLITE_FULL, SqliteFault.Medium)]
    [InlineData(raw.SQLITE_CANTOPEN, SqliteFault.Access)]
    [InlineData(raw.SQLITE_PROTOCOL, SqliteFault.Busy)]
    [InlineData(raw.SQLITE_EMPTY, SqliteFault.Damage)]
    [InlineData(raw.SQLITE_SCHEMA, SqliteFault.Busy)]
    [InlineData(raw.SQLITE_TOOBIG, SqliteFault.Limit)]
    [InlineData(raw.SQLITE_CONSTRAINT, SqliteFault.Damage)]
    [InlineData(raw.SQLITE_MISMATCH, SqliteFault.Damage)]
    [InlineData(raw.SQLITE_MISUSE, SqliteFault.Misuse)]
    [InlineData(raw.SQLITE_NOLFS, SqliteFault.Medium)]
    [InlineData(raw.SQLITE_AUTH, SqliteFault.Access)]
    [InlineData(raw.SQLITE_FORMAT, SqliteFault.Damage)]
    [InlineData(raw.SQLITE_RANGE, SqliteFault.Misuse)]
    [InlineData(raw.SQLITE_NOTADB, SqliteFault.Damage)]
    public void Classify_a_result_code_and_its_extended_ones(int code, object expected)
    {
        // Three of the I/O errors say that the file is too short or damaged.
        foreach (var extension in Enumerable.Range(0, 64))
        {
            var isDamage = code == raw.SQLITE_IOERR && (extension is 2 or 32 or 33);
            SqliteFaults.Of(code | (extension << 8)).Should().Be(isDamage ? SqliteFault.Damage : (SqliteFault)expected);
        }
    }

    [Fact]
    public void Classify_every_result_code_there_is()
    {
        var tested = typeof(SqliteFaultTests).GetMethod(nameof(Classify_a_result_code_and_its_extended_ones))!.GetCustomAttributes(typeof(InlineDataAttribute), inherit: false).Length;
        tested.Should().Be(raw.SQLITE_NOTADB, "the codes of errors are 1 to 26");
    }

    [Theory]
    [InlineData(raw.SQLITE_READONLY, "df -i")]
    [InlineData(raw.SQLITE_CANTOPEN, "df -i")]
    [InlineData(raw.SQLITE_FULL, "Free some")]
    [InlineData(raw.SQLITE_TOOBIG, "SQLITE_MAX_LENGTH")]
    [InlineData(raw.SQLITE_MISUSE, "not to blame")]
    public void Tell_callers_of_what_is_no_damage_says_what_to_do(int code, string remedy) =>
        new SqliteFailure(code, "no").ToTyped("file", whileCommitting: false).Should().BeOfType<StorageFailedException>().Which.Message.Should().Contain(remedy);

    [Theory]
    [InlineData(raw.SQLITE_FULL, true)]
    [InlineData(raw.SQLITE_IOERR, true)]
    [InlineData(raw.SQLITE_NOMEM, true)]
    [InlineData(raw.SQLITE_CANTOPEN, true)]
    [InlineData(raw.SQLITE_ERROR, false)]
    [InlineData(raw.SQLITE_TOOBIG, false)]
    [InlineData(raw.SQLITE_MISUSE, false)]
    public void Tell_callers_whether_it_may_pass_by_itself(int code, bool isTransient) =>
        new SqliteFailure(code, "no").ToTyped("file", whileCommitting: false).Should().BeOfType<StorageFailedException>().Which.IsTransient.Should().Be(isTransient);

    [Theory]
    [InlineData(raw.SQLITE_CORRUPT, "database disk image is malformed")]
    [InlineData(raw.SQLITE_ERROR, "no such table: documents_7")]
    [InlineData(raw.SQLITE_MISMATCH, "datatype mismatch")]
    public void Tell_callers_of_damage_says_so(int code, string message) => new SqliteFailure(code, message).ToTyped("file", whileCommitting: false).Should().BeOfType<StoreCorruptedException>();
}
