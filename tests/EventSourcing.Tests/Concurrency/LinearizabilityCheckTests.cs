namespace EventSourcing.Tests.Concurrency;

/// <summary>The checker on histories made by hand, of which one can see whether they are linearizable.</summary>
public class LinearizabilityCheckTests
{
    [Fact]
    public void Check_nothing_is_linearizable() => IsLinearizable().Should().BeTrue();

    [Fact]
    public void Check_one_after_the_other_is_linearizable() =>
        IsLinearizable(At(1, 2, Stored(0, 2, 10, 11)), At(3, 4, Read(10, 11)), At(5, 6, Stored(2, 3, 12)), At(7, 8, Read(10, 11, 12))).Should().BeTrue();

    [Fact]
    public void Check_a_read_during_an_append_may_see_it_or_not()
    {
        IsLinearizable(At(1, 4, Stored(0, 1, 10)), At(2, 3, Read())).Should().BeTrue();
        IsLinearizable(At(1, 4, Stored(0, 1, 10)), At(2, 3, Read(10))).Should().BeTrue();
    }

    [Fact]
    public void Check_a_read_that_misses_an_append_which_had_returned_is_not() =>
        IsLinearizable(At(1, 2, Stored(0, 1, 10)), At(3, 4, Read())).Should().BeFalse();

    [Fact]
    public void Check_a_read_that_sees_an_append_before_its_call_is_not() =>
        IsLinearizable(At(1, 2, Read(10)), At(3, 4, Stored(0, 1, 10))).Should().BeFalse();

    [Fact]
    public void Check_a_read_that_sees_part_of_a_batch_is_not() =>
        IsLinearizable(At(1, 4, Stored(0, 2, 10, 11)), At(2, 3, Read(10))).Should().BeFalse();

    [Fact]
    public void Check_a_read_that_sees_the_ids_in_another_order_is_not() =>
        IsLinearizable(At(1, 2, Stored(0, 2, 10, 11)), At(3, 4, Read(11, 10))).Should().BeFalse();

    [Fact]
    public void Check_a_read_whose_version_is_not_the_number_of_its_events_is_not() =>
        IsLinearizable(At(1, 2, Stored(0, 1, 10)), At(3, 4, Read(10) with { Version = 2 })).Should().BeFalse();

    [Fact]
    public void Check_reads_that_see_two_appends_in_opposite_orders_is_not()
    {
        var appends = new[] { At(1, 20, Stored(null, 1, 10)), At(1, 20, Stored(null, 2, 11)) };
        IsLinearizable([.. appends, At(2, 3, Read(10)), At(4, 5, Read(10, 11))]).Should().BeTrue();
        IsLinearizable([.. appends, At(2, 3, Read(10)), At(4, 5, Read())]).Should().BeFalse("what one read saw, a later one sees too");
        IsLinearizable([.. appends, At(2, 3, Read(11))]).Should().BeFalse("the other append has version 1");
    }

    [Fact]
    public void Check_two_that_expected_the_same_version_and_both_won_is_not()
    {
        IsLinearizable(At(1, 4, Stored(0, 1, 10)), At(2, 3, Stored(0, 2, 11))).Should().BeFalse("the second was not at the version expected");
        IsLinearizable(At(1, 4, Stored(0, 1, 10)), At(2, 3, Stored(0, 1, 11))).Should().BeFalse("both have version 1");
    }

    [Fact]
    public void Check_one_winner_and_one_conflict_is_linearizable_in_either_order() =>
        IsLinearizable(At(1, 4, Conflict(0, 1, 10)), At(2, 3, Stored(0, 1, 11))).Should().BeTrue();

    [Fact]
    public void Check_a_conflict_is_not_linearizable_where_the_expectation_held() =>
        IsLinearizable(At(1, 2, Stored(0, 1, 10)), At(3, 4, Conflict(1, 1, 11))).Should().BeFalse();

    [Fact]
    public void Check_a_conflict_that_reports_a_version_that_never_was_is_not() =>
        IsLinearizable(At(1, 2, Stored(0, 2, 10, 11)), At(3, 4, Conflict(0, 1, 12))).Should().BeFalse();

    [Fact]
    public void Check_a_conflict_without_anyone_who_could_have_caused_it_is_not() =>
        IsLinearizable(At(1, 2, Conflict(0, 1, 10)), At(3, 4, Stored(0, 1, 11))).Should().BeFalse();

    [Fact]
    public void Check_a_repetition_returns_the_original_version()
    {
        var stored = new[] { At(1, 2, Stored(0, 2, 10, 11)), At(3, 4, Stored(2, 3, 12)) };
        IsLinearizable([.. stored, At(5, 6, Repeated(0, 2, 10, 11))]).Should().BeTrue();
        IsLinearizable([.. stored, At(5, 6, Repeated(0, 3, 10, 11))]).Should().BeFalse("that is the version of today");
        IsLinearizable([.. stored, At(5, 6, Stored(3, 5, 10, 11))]).Should().BeFalse("the ids are stored already");
        IsLinearizable([.. stored, At(5, 6, Conflict(0, 3, 10, 11))]).Should().BeFalse("a repetition is no conflict");
    }

    [Fact]
    public void Check_a_repetition_of_nothing_is_not() => IsLinearizable(At(1, 2, Repeated(0, 1, 10))).Should().BeFalse();

    [Fact]
    public void Check_an_overlap_with_stored_ids_is_a_duplicate()
    {
        IsLinearizable(At(1, 2, Stored(0, 1, 10)), At(3, 4, Appended(null, Outcome.Duplicate, 0, 10, 11))).Should().BeTrue();
        IsLinearizable(At(1, 2, Stored(0, 1, 10)), At(3, 4, Appended(null, Outcome.Duplicate, 0, 11))).Should().BeFalse("none of them is stored");
        IsLinearizable(At(1, 2, Stored(0, 1, 10)), At(3, 4, Stored(null, 3, 10, 11))).Should().BeFalse("one of them is stored");
        IsLinearizable(At(1, 2, Stored(0, 2, 11, 12)), At(3, 4, Appended(null, Outcome.Duplicate, 0, 10, 11))).Should().BeTrue("the first of them is not stored");
    }

    [Fact]
    public void Check_events_of_two_appends_repeated_as_one_may_be_either()
    {
        var stored = new[] { At(1, 2, Stored(0, 1, 10)), At(3, 4, Stored(1, 2, 11)) };
        IsLinearizable([.. stored, At(5, 6, Repeated(0, 2, 10, 11))]).Should().BeTrue();
        IsLinearizable([.. stored, At(5, 6, Appended(0, Outcome.Duplicate, 0, 10, 11))]).Should().BeTrue();
        IsLinearizable([.. stored, At(5, 6, Stored(2, 4, 10, 11))]).Should().BeFalse();
        IsLinearizable(At(1, 2, Stored(0, 2, 10, 11)), At(5, 6, Appended(0, Outcome.Duplicate, 0, 10, 11))).Should().BeFalse("that is one append, repeated");
    }

    [Fact]
    public void Check_an_append_of_unknown_outcome_may_have_taken_effect_or_not_or_late()
    {
        var unknown = At(1, Timed<StreamOperation>.Never, Appended(0, Outcome.Unknown, 0, 10));
        IsLinearizable(unknown, At(2, 3, Read())).Should().BeTrue();
        IsLinearizable(unknown, At(2, 3, Read(10))).Should().BeTrue();
        IsLinearizable(unknown, At(2, 3, Read()), At(4, 5, Read(10))).Should().BeTrue();
        IsLinearizable(unknown, At(2, 3, Read(10)), At(4, 5, Read())).Should().BeFalse("events do not go away");
        IsLinearizable(unknown, At(2, 3, Stored(0, 1, 11)), At(4, 5, Read(11, 10))).Should().BeFalse("its expectation no longer held");
        IsLinearizable(unknown, At(2, 3, Conflict(0, 1, 11)), At(4, 5, Repeated(0, 1, 10))).Should().BeTrue();
    }

    [Fact]
    public void Check_a_cancelled_append_has_written_nothing()
    {
        var cancelled = At(1, 2, Appended(0, Outcome.Cancelled, 0, 10));
        IsLinearizable(cancelled, At(3, 4, Read())).Should().BeTrue();
        IsLinearizable(cancelled, At(3, 4, Read(10))).Should().BeFalse();
    }

    [Fact]
    public void Check_a_history_that_needs_an_unlikely_order_finds_it()
    {
        // All overlap; only one order of 8 fits, and it is the reverse of that of their calls.
        var appends = Enumerable.Range(0, 8).Select(i => At(i, 100 + i, Stored(i, i + 1, 10 + i))).Reverse().Select((o, i) => o with { Called = i }).ToArray();
        IsLinearizable(appends).Should().BeTrue();
        IsLinearizable([.. appends[..7], appends[7] with { Operation = Stored(1, 2, 99) }]).Should().BeFalse();
    }

    [Fact]
    public void Check_a_long_history_with_one_lost_update_is_not()
    {
        var appends = Enumerable.Range(0, 200).Select(i => At(2 * i, (2 * i) + 3, Stored(i, i + 1, i + 1))).ToList();
        IsLinearizable([.. appends]).Should().BeTrue();
        appends[150] = appends[150] with { Operation = Stored(149, 150, 999) };
        IsLinearizable([.. appends]).Should().BeFalse();
    }

    private static bool IsLinearizable(params Timed<StreamOperation>[] history) =>
        Linearizability.Check(history, StreamState.Empty, (state, operation) => state.After(operation));

    private static Timed<StreamOperation> At(long called, long returned, StreamOperation operation) => new(operation, called, returned);

    private static StreamOperation Read(params int[] ids) => StreamOperation.Read("s", ids);

    private static StreamOperation Stored(long? expected, long version, params int[] ids) => Appended(expected, Outcome.Stored, version, ids);

    private static StreamOperation Repeated(long? expected, long version, params int[] ids) => Appended(expected, Outcome.Repeated, version, ids);

    private static StreamOperation Conflict(long? expected, long actual, params int[] ids) => Appended(expected, Outcome.Conflict, actual, ids);

    private static StreamOperation Appended(long? expected, Outcome outcome, long version, params int[] ids) => new("s", expected, ids, outcome, version);
}
