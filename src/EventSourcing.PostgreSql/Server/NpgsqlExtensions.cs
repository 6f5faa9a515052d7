using Npgsql;
using NpgsqlTypes;

namespace EventSourcing;

/// <summary>Short forms of what the storage does often with the driver. Parameters are positional: they have no names.</summary>
internal static class NpgsqlExtensions
{
    public static async ValueTask<int> ExecuteAsync(this NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        var command = new NpgsqlCommand(sql, connection);
        await using (command.ConfigureAwait(false)) return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Adds a statement to a batch.</summary>
    public static NpgsqlBatchCommand Add(this NpgsqlBatch batch, string sql)
    {
        var command = new NpgsqlBatchCommand(sql);
        batch.BatchCommands.Add(command);
        return command;
    }

    public static NpgsqlBatchCommand With(this NpgsqlBatchCommand command, long value) =>
        command.With(new NpgsqlParameter<long> { TypedValue = value });

    public static NpgsqlBatchCommand With(this NpgsqlBatchCommand command, string value) =>
        command.With(new NpgsqlParameter<string> { TypedValue = value });

    public static NpgsqlBatchCommand With(this NpgsqlBatchCommand command, Guid value) =>
        command.With(new NpgsqlParameter<Guid> { TypedValue = value });

    public static NpgsqlBatchCommand With(this NpgsqlBatchCommand command, byte[] value) =>
        command.With(new NpgsqlParameter<byte[]> { TypedValue = value });

    public static NpgsqlBatchCommand With(this NpgsqlBatchCommand command, long[] values) =>
        command.With(Array(NpgsqlDbType.Bigint, values));

    public static NpgsqlBatchCommand With(this NpgsqlBatchCommand command, string[] values) =>
        command.With(Array(NpgsqlDbType.Text, values));

    public static NpgsqlBatchCommand With(this NpgsqlBatchCommand command, Guid[] values) => command.With(Array(NpgsqlDbType.Uuid, values));

    public static NpgsqlBatchCommand With(this NpgsqlBatchCommand command, int[] values) =>
        command.With(Array(NpgsqlDbType.Integer, values));

    public static NpgsqlBatchCommand With(this NpgsqlBatchCommand command, byte[]?[] values) =>
        command.With(Array(NpgsqlDbType.Bytea, values));

    public static NpgsqlBatchCommand With(this NpgsqlBatchCommand command, NpgsqlParameter parameter)
    {
        command.Parameters.Add(parameter);
        return command;
    }

    /// <summary>A parameter that is an array.</summary>
    public static NpgsqlParameter<T> Array<T>(NpgsqlDbType of, T values) =>
        new() { NpgsqlDbType = NpgsqlDbType.Array | of, TypedValue = values };
}
