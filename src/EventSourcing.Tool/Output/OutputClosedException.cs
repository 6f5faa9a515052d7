namespace EventSourcing.Tool;

/// <summary>Nobody reads the output any more, as in <c>evs read shop.db | head</c>. The command ends, and that is no failure.</summary>
internal sealed class OutputClosedException(Exception innerException) : Exception("Nobody reads the output any more.", innerException);
