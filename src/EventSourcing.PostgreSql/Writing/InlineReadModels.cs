using System.Runtime.ExceptionServices;
using Npgsql;

namespace EventSourcing;

/// <summary>Changes the read models of an append within its transaction. Only the leader of the group commit uses it.</summary>
internal sealed class InlineReadModels(
    StoreServer server, WriteConnection writer, ReadModelTables tables, LogReader reader, UserCode userCode)
{
    /// <summary>Runs the app's code, and writes what it wants written; returns its refusal, if there is one.</summary>
    public async ValueTask<(Exception? Error, bool HasAppSql)> ChangeAsync(AppendWork work, IReadOnlyList<StoredEvent> preview,
        NpgsqlBatch last)
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
            changes = new ReadModelChanges(commit, server, tables, userCode);
            var batch = writer.BatchFor([work]);
            isChecking = true;
            await using (batch.ConfigureAwait(false)) await changes.CheckAsync(batch, 0, CancellationToken.None).ConfigureAwait(false);
            isChecking = false;
            hasAppSql = changes.HasTables;
            await changes.WriteAsync(writer.Connection, last, work.Context, work.Token).ConfigureAwait(false);
            return (null, hasAppSql);
        }
        catch (Exception failure) when (transaction.ServerFailure is null && Failure.ServerCauseIn(failure) is { } cause)
        {
            if (hasAppSql) await writer.CloseAsync(isLost: false).ConfigureAwait(false); // what the app's SQL has left on it goes with it
            ExceptionDispatchInfo.Throw(cause);
            throw;
        }
        catch (Exception failure) when (transaction.ServerFailure is null && !(isChecking && failure is PostgresException))
        {
            var isOfApp = changes is { IsAppRunning: true } && !Failure.IsOfMove(failure);
            return (failure is PostgresException && !isOfApp ? server.Typed(failure) : failure, hasAppSql);
        }
        catch (EventSourcingException) when (transaction.ServerFailure is not null)
        {
            // As the app's code saw it, it was typed; here it decides whether the append is tried again.
            ExceptionDispatchInfo.Throw(transaction.ServerFailure);
            throw;
        }
    }
}
