using EventSourcing.Tests.Testing;

namespace EventSourcing.Tests.Concurrency;

public sealed class InMemoryReadYourWritesTests : ReadYourWritesTests
{
    [Fact]
    public async Task Run_one_projection_twice_on_a_storage_that_commits_documents_apart_is_found_out()
    {
        var failure = await Record.ExceptionAsync(async () =>
        {
            for (var round = 0; round < 20; round++)
            {
                var storage = new ReadModelFaults.CommitsDocumentsApart(new EventStorageOptions());
                await Notes.RaceAsync([storage, storage], 4, 25);
            }
        });

        // By what was read, or already by a projection that meets half a commit.
        failure.Should().Match(e => e is Xunit.Sdk.XunitException || e is ReadModelDamagedException);
    }

    [Fact]
    public async Task Wait_for_an_own_position_on_a_storage_that_acknowledges_too_early_is_found_out()
    {
        var storage = new AcknowledgesTooEarly(new EventStorageOptions());
        await FluentActions.Awaiting(() => Notes.RaceAsync([storage], 8, 25)).Should().ThrowAsync<Xunit.Sdk.XunitException>();
    }

    protected override IReadOnlyList<IEventStorage> OpenHandles(int count)
    {
        var storage = new InMemoryEventStorage();
        return [.. Enumerable.Repeat(storage, count)];
    }

    private sealed class AcknowledgesTooEarly(EventStorageOptions options) : ReadModelFaults.FaultyReadModels(options)
    {
        private Task _commits = Task.CompletedTask;

        public override async ValueTask CommitAsync(ReadModelCommit commit, CancellationToken cancellationToken = default)
        {
            if (commit.Changes.Any(change => change.Model == "note-books@1"))
            {
                _commits = CommitAfterAsync(_commits, commit);
                return;
            }

            await _commits;
            await base.CommitAsync(commit, cancellationToken);
        }

        private async Task CommitAfterAsync(Task earlier, ReadModelCommit commit)
        {
            await earlier;
            await Task.Delay(1, CancellationToken.None);
            await Right.CommitAsync(commit, CancellationToken.None);
        }
    }
}
