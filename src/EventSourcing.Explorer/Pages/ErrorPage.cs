namespace EventSourcing.Explorer;

/// <summary>Why a request was not answered.</summary>
internal sealed record ErrorModel(int Status, string Title, string Reason);

/// <summary>The page of a request that is not answered.</summary>
internal static class ErrorPage
{
    public static Answer Of(int status, string title, string reason) =>
        new Answer<ErrorModel>(title, new ErrorModel(status, title, reason), ExplorerJson.Default.ErrorModel, View) { Status = status };

    private static Html View(ErrorModel error) => Html.Of($"""
        <div class="empty refused"><p class="code">{error.Status}</p><h1>{error.Title}</h1><p>{error.Reason}</p></div>
        """);
}
