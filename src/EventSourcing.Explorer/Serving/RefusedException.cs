namespace EventSourcing.Explorer;

/// <summary>A request that is answered with a page that says why it cannot be answered, and what to do.</summary>
internal sealed class RefusedException(int status, string title, string reason) : Exception(reason)
{
    public int Status => status;

    public string Title => title;
}
