using System.Runtime.ExceptionServices;
using Npgsql;

namespace EventSourcing;

/// <summary>Changes the read models of an append within its transaction. Only the leader of the group commit uses it.</summary>
internal sealed class InlineReadModels(
    StoreServer server, WriteConnection writer, ReadModelTables tables, LogReader reader, UserCode userCode)
{
    /// <summary>Runs the app's code, and writes what it wants written, or has it written by a batch.</summary>
    /// <param name="work">The append.</param>
    /// <param name="preview">Its events.</param>
    /// <param name="last">Is to be executed next, if there is no refusal.</param>
    /// <param name="isShared">
    /// Whether other appends share the transaction. Then nothing is written before <paramref name="last"/> is executed, so that a refusal
    /// leaves the transaction as it was. A failure of the server, which ends the transaction, is thrown.
    /// </param>
    public async ValueTask<InlineChange> ChangeAsync(
        AppendWork work, IReadOnlyList<StoredEvent> preview, NpgsqlBatch last, bool isShared)
    {
        ReadModelChanges? changes = null;
        var (hasAppSql, isChecking) = (false, false);
        var transaction = new AppendTransaction(writer.Connection, preview, tables, reader, server);
        try
        {
            ReadModelCommit commit;
            try
            {
                commit = await userCode.RunAsync(
                    work.Context, UserCode.Kind.Write, (Project: work.Request.ReadModels!, Transaction: transaction, work.Token),
                    static of => of.Project(of.Transaction, of.Token)).ConfigureAwait(false);
            }
            finally
            {
                await transaction.EndAsync().ConfigureAwait(false);
            }

            if (transaction.ServerFailure is { } failed) ExceptionDispatchInfo.Throw(failed);
            ArgumentNullException.ThrowIfNull(commit);
            commit.Validate();
            if (isShared && (commit.Tables is not null || commit.Drops.Count + commit.Creates.Count + commit.Aliases.Count > 0))
                return new InlineChange { MustBeAlone = true };
            changes = new ReadModelChanges(commit, server, tables, userCode);
            var batch = writer.BatchFor([work]);
            isChecking = true;
            await using (batch.ConfigureAwait(false))
                await changes.CheckAsync(batch, 0, writer.PrepareAsync, CancellationToken.None).ConfigureAwait(false);
            isChecking = false;
            hasAppSql = changes.HasTables;
            await changes.WriteAsync(writer.Connection, last, work.Context, work.Token).ConfigureAwait(false);
            return new InlineChange { HasAppSql = hasAppSql };
        }
        catch (Exception failure) when (transaction.ServerFailure is null && Failure.ServerCauseIn(failure) is { } cause)
        {
            if (hasAppSql) await writer.CloseAsync(isLost: false).ConfigureAwait(false); // what the app's SQL has left on it goes with it
            ExceptionDispatchInfo.Throw(cause);
            throw;
        }
        catch (Exception failure) when (
            transaction.ServerFailure is null && !(failure is PostgresException && (isChecking || isShared)))
        {
            var isOfApp = changes is { IsAppRunning: true } && !Failure.IsOfMove(failure);
            var error = failure is PostgresException && !isOfApp ? server.Typed(failure) : failure;
            return new InlineChange { Error = error, HasAppSql = hasAppSql };
        }
        catch (EventSourcingException) when (transaction.ServerFailure is not null)
        {
            // As the app's code saw it, it was typed; here it decides whether the append is tried again.
            ExceptionDispatchInfo.Throw(transaction.ServerFailure);
            throw;
        }
    }
}

/// <summary>What has come of the app's code within an append.</summary>
internal readonly record struct InlineChange
{
    /// <summary>The refusal; null if there is none.</summary>
    public Exception? Error { get; init; }

    /// <summary>Whether SQL of the app was run on the connection.</summary>
    public bool HasAppSql { get; init; }

    /// <summary>Whether the append must have a transaction of its own. Nothing of it was written.</summary>
    public bool MustBeAlone { get; init; }
}
