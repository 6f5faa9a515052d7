using static EventSourcing.Testing.DocumentCases;

namespace EventSourcing.Testing;

/// <summary>Checkpoints: they move with the documents in one transaction, and only from where the writer believes them to be.</summary>
internal static class CheckpointCases
{
    public static IEnumerable<ConformanceCase> All =>
    [
        Case("Read_the_checkpoint_of_a_projection_that_never_ran_is_0", async store => Expect.Equal(0, await store.ReadModels.GetCheckpointAsync("p"), "the checkpoint")),
        Case("Commit_moves_the_checkpoint", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit("p", 0, 17, [new DocumentChange("k", new byte[] { 1 })]));
            Expect.Equal(17, await store.ReadModels.GetCheckpointAsync("p"), "the checkpoint");
            await store.ReadModels.CommitAsync(new ReadModelCommit("p", 17, 18, []));
            Expect.Equal(18, await store.ReadModels.GetCheckpointAsync("p"), "the checkpoint");
        }),
        Case("Commit_without_documents_moves_the_checkpoint", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit("p", 0, 5, []));
            Expect.Equal(5, await store.ReadModels.GetCheckpointAsync("p"), "the checkpoint");
            Expect.Equal(0, (await store.ReadModels.ListAsync("p", null, 1)).Count, "the number of documents");
        }),
        Case("Commit_to_the_largest_checkpoint_is_kept", async store =>
        {
            await store.ReadModels.CommitAsync(new ReadModelCommit("p", 0, long.MaxValue, []));
            Expect.Equal(long.MaxValue, await store.ReadModels.GetCheckpointAsync("p"), "the checkpoint");
        }),
        Conflict("where_another_has_moved_the_checkpoint", 2, 1),
        Conflict("where_the_checkpoint_is_believed_to_be_0", 2, 0),
        Conflict("where_the_checkpoint_is_behind_what_is_believed", 2, 3),
        Conflict("of_a_projection_that_never_ran_but_is_believed_to_have", 0, 3),
        Case("Commit_again_what_was_committed_is_a_conflict", async store =>
        {
            var commit = new ReadModelCommit("p", 0, 1, [new DocumentChange("k", new byte[] { 1 })]);
            await store.ReadModels.CommitAsync(commit);
            await Expect.ThrowsAsync<CheckpointConflictException>(async () => await store.ReadModels.CommitAsync(commit), "the same commit again");
            Expect.Equal(1, await store.ReadModels.GetCheckpointAsync("p"), "the checkpoint");
        }),
        Case("Commit_after_a_conflict_from_the_checkpoint_of_the_error_succeeds", async store =>
        {
            await CommitAsync(store, 0, ("k", "1"));
            await CommitAsync(store, 1, ("k", "2"));
            var error = await Expect.ThrowsAsync<CheckpointConflictException>(() => CommitAsync(store, 1, ("k", "wrong")), "the commit");
            await CommitAsync(store, error.Actual, ("k", "3"));
            await ExpectAsync(store, ("k", "3"));
        }),
        Bad("a_key_twice", new ReadModelCommit("p", 1, 2, [new DocumentChange("k", new byte[] { 1 }), new DocumentChange("j", null), new DocumentChange("k", null)])),
        Bad("to_the_checkpoint_where_it_is", new ReadModelCommit("p", 1, 1, [new DocumentChange("k", new byte[] { 9 })])),
        Bad("to_a_checkpoint_further_back", new ReadModelCommit("p", 1, 0, [new DocumentChange("k", new byte[] { 9 })])),
        Bad("from_a_negative_checkpoint", new ReadModelCommit("p", -1, 2, [new DocumentChange("k", new byte[] { 9 })])),
        Bad("a_document_without_a_key", new ReadModelCommit("p", 1, 2, [new DocumentChange("k", new byte[] { 9 }), default])),
        Bad("without_a_list_of_documents", new ReadModelCommit("p", 1, 2, null!)),
        Bad("nothing_at_all", null!),
        Case("Race_of_8_runners_of_one_projection_lets_exactly_one_win", async store =>
        {
            for (var round = 0; round < 20; round++)
            {
                var from = round;
                var won = await Race.RunAsync(8, async n =>
                {
                    try
                    {
                        await CommitAsync(store, from, ("winner", $"{from}/{n}"), ($"of {n}", $"{from}"));
                        return true;
                    }
                    catch (CheckpointConflictException)
                    {
                        return false;
                    }
                });
                Expect.Equal(1, won.Count(w => w), "the number of winners");
                var winner = Array.IndexOf(won, true);
                await ExpectAsync(store, ("winner", $"{round}/{winner}"), ($"of {winner}", $"{round}"));
                Expect.Equal(round + 1, await store.ReadModels.GetCheckpointAsync("p"), "the checkpoint");
            }
        }),
        Case("Race_of_counting_runners_counts_every_step_once", async store =>
        {
            await Race.RunAsync(4, async _ =>
            {
                while (true)
                {
                    var checkpoint = await store.ReadModels.GetCheckpointAsync("p");
                    if (checkpoint == 40) return;
                    var count = (await store.ReadModels.LoadAsync("p", ["count"]))[0]?[0] ?? 0;
                    await Task.Yield();
                    try
                    {
                        await store.ReadModels.CommitAsync(new ReadModelCommit("p", checkpoint, checkpoint + 1, [new DocumentChange("count", new[] { (byte)(count + 1) })]));
                    }
                    catch (CheckpointConflictException)
                    {
                        await Task.Yield();
                    }
                }
            });
            Expect.Equal(40, (await store.ReadModels.LoadAsync("p", ["count"]))[0]?[0] ?? 0, "the count");
        }),
    ];

    private static ConformanceCase Case(string title, Func<StoreUnderTest, Task> run) => new(title, ConformanceRule.ReadModels, run);

    private static ConformanceCase Conflict(string circumstance, int actual, long believed) =>
        Case($"Commit_{circumstance}_is_a_conflict_and_writes_nothing", async store =>
        {
            for (var n = 0; n < actual; n++) await CommitAsync(store, n, ("k", $"{n}"), ("deleted", "not yet"));
            var commit = new ReadModelCommit("p", believed, 9, [new DocumentChange("k", "wrong"u8.ToArray()), new DocumentChange("new", "wrong"u8.ToArray()), new DocumentChange("deleted", null)]);
            var error = await Expect.ThrowsAsync<CheckpointConflictException>(async () => await store.ReadModels.CommitAsync(commit), "the commit");
            Expect.Equal("p", error.Projection, "the projection in the error");
            Expect.Equal(believed, error.Expected, "the expected checkpoint in the error");
            Expect.Equal(actual, error.Actual, "the actual checkpoint in the error");
            Expect.Equal(actual, await store.ReadModels.GetCheckpointAsync("p"), "the checkpoint");
            await ExpectAsync(store, ("k", actual == 0 ? null : $"{actual - 1}"), ("new", null), ("deleted", actual == 0 ? null : "not yet"));
        });

    private static ConformanceCase Bad(string what, ReadModelCommit commit) => Case($"Commit_{what}_is_a_bad_argument", async store =>
    {
        await CommitAsync(store, 0, ("k", "kept"));
        await Expect.ThrowsAsync<ArgumentException>(async () => await store.ReadModels.CommitAsync(commit), "the commit");
        Expect.Equal(1, await store.ReadModels.GetCheckpointAsync("p"), "the checkpoint");
        await ExpectAsync(store, ("k", "kept"));
    });
}
