using Npgsql;

namespace EventSourcing;

/// <summary>Reads of the library and queries of the app, which are begun anew if their connection turns out to be gone.</summary>
internal sealed class StoreReads(StoreServer server, UserCode userCode)
{
    /// <summary>One connection may be from before a restart, and the next may be cut off.</summary>
    private const int Attempts = 3;

    /// <summary>Reads through a connection of the pool.</summary>
    public async ValueTask<T> ReadAsync<TState, T>(
        TState state, Func<NpgsqlConnection, TState, CancellationToken, ValueTask<T>> read, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await server.OpenAsync(cancellationToken).ConfigureAwait(false);
                var connection = await server.ConnectAsync(cancellationToken).ConfigureAwait(false);
                await using (connection.ConfigureAwait(false))
                    return await read(connection, state, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception failure) when (attempt < Attempts && (Failure.IsToBeRepeated(failure) || Failure.IsOfConnection(failure)))
            {
                // A connection of the pool may be from before the server restarted; a replica cancels reads that are in its way.
                if (Failure.IsOfConnection(failure)) server.DropIdle();
            }
            catch (Exception failure) when (server.Typed(failure) is var typed && typed != failure)
            {
                throw typed;
            }
            catch (InvalidCastException failure)
            {
                throw Missing(server.Name, failure);
            }
        }
    }

    /// <summary>The error of a value that its column says must be there, or that is of another type.</summary>
    public static StoreCorruptedException Missing(string store, InvalidCastException failure) =>
        new(store, $"a value that was read is missing, or of another type ({failure.Message.TrimEnd('.')}).", failure);

    /// <summary>Runs a query of the app within one snapshot, on a connection that is reset afterwards.</summary>
    public async ValueTask<T> QueryAsync<T>(Func<NpgsqlConnection, CancellationToken, ValueTask<T>> query,
        CancellationToken cancellationToken)
    {
        await server.OpenAsync(cancellationToken).ConfigureAwait(false);
        var connection = await BeginAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            return await userCode.RunAsync(
                context: null, UserCode.Kind.Read, (connection, query, cancellationToken), static of =>
                    of.query(of.connection, of.cancellationToken)).ConfigureAwait(false);
        }
    }

    private async ValueTask<NpgsqlConnection> BeginAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await BeginOnceAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (Exception failure) when (attempt < Attempts && Failure.IsOfConnection(failure))
            {
                server.DropIdle(); // a connection of the pool may be from before the server restarted
            }
            catch (Exception failure) when (server.Typed(failure) is var typed && typed != failure)
            {
                throw typed;
            }
        }
    }

    private async ValueTask<NpgsqlConnection> BeginOnceAsync(CancellationToken cancellationToken)
    {
        NpgsqlConnection? connection = null;
        try
        {
            connection = await server.ConnectForAppAsync(cancellationToken).ConfigureAwait(false);
            var batch = new NpgsqlBatch(connection);
            await using (batch.ConfigureAwait(false))
            {
                batch.Add("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
                batch.Add("SELECT set_config('search_path', $1, true)").With($"{server.Sql.Quoted}, public");
                await batch.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }

            return connection;
        }
        catch
        {
            if (connection is not null) await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
