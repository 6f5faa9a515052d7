namespace EventSourcing;

/// <summary>
/// A connection that is to write leads to a standby. While a store is in use that may pass: the standby is promoted, or the address moves.
/// </summary>
internal sealed class StandbyException() : InvalidOperationException(
    "The server is a read replica, on which nothing can be written. Connect to the primary (if the connection string names all hosts, the "
    + "storage finds it), or open the store with the option ReadOnly.");
