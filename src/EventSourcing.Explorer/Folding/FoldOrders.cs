using Microsoft.AspNetCore.Http;

namespace EventSourcing.Explorer;

/// <summary>
/// Stops a fold that takes long, or lets it go on. Neither changes anything in the store, so everybody who may see the state
/// may do it.
/// </summary>
internal static class FoldOrders
{
    /// <summary>The parameters that the address of a page with a fold may have. The form that stops the fold has the same ones.</summary>
    private static readonly string[] Parameters = ["model", "key", "asof", "name", "at", "from", "upto", "fold"];

    public static FoldKey Document(EventStore store, string model, string key) => new(store, "document", model, key);

    public static FoldKey State(EventStore store, string stream) => new(store, "state", stream, "");

    /// <summary>
    /// The fold of the state that another state is compared with. The two are at different positions, so each has a fold of its own.
    /// </summary>
    public static FoldKey Compared(EventStore store, string stream) => new(store, "compared", stream, "");

    /// <summary>Shows how far a fold is, and a button that stops it or lets it go on.</summary>
    /// <param name="fold">The fold.</param>
    /// <param name="what">What the page shows meanwhile.</param>
    /// <param name="page">The page that shows the fold.</param>
    /// <param name="parameters">The parameters of the page's address.</param>
    public static Html Notice(FoldProgress fold, string what, string page, params (string Name, string? Value)[] parameters)
    {
        var (at, end) = (Parts.Group(fold.Position), Parts.Group(fold.UpTo));
        var (kind, title) = fold.State switch
        {
            "stopped" => ("warn", $"Stopped at position {at} of {end}."),
            "waiting" => ("info", $"Waiting for other folds, at position {at} of {end}."),
            _ => ("info", $"Folding: position {at} of {end}."),
        };
        var (order, button) = fold.IsStopped ? ("go", "Go on") : ("stop", "Cancel");
        var fields = parameters.Where(field => field.Value is not null).Select(field => Parts.Hidden(field.Name, field.Value!));
        var form = Html.Of($"""
            {Charts.Meter(fold.UpTo == 0 ? 0 : (double)fold.Position / fold.UpTo, "Folded")}
            <form method="post" action="fold">{Parts.Hidden("page", page)}{fields}
            <button name="order" value="{order}">{button}</button></form>
            """);
        return Html.Of($"<div role=\"status\">{Parts.Notice(kind, title, what, form)}</div>");
    }

    public static async Task GiveAsync(HttpContext http, PageContext page)
    {
        if (!http.Request.HasFormContentType)
            throw new RefusedException(415, "That is not an order", "An order must be sent as a form. Nothing was ordered.");
        if (!page.Payloads.AreShown)
            throw new RefusedException(403, "Payloads are hidden", "So there is no fold to stop. Nothing was ordered.");
        var form = await http.Request.ReadFormAsync(page.Aborted).ConfigureAwait(false);
        var isStop = form["order"] == "stop";
        var isStream = form["page"] == "stream";
        IReadOnlyList<FoldKey> keys = isStream
            ? [State(page.Store, form["name"].ToString()), Compared(page.Store, form["name"].ToString())]
            : [Document(page.Store, form["model"].ToString(), form["key"].ToString())];
        foreach (var key in keys) page.Explorer.Folds.Order(key, isStop);
        http.Response.StatusCode = StatusCodes.Status303SeeOther;
        var parameters = Parameters.Select(name => (name, form[name].ToString() is { Length: > 0 } value ? value : null)).ToArray();
        http.Response.Headers.Location = Parts.Link(isStream ? "stream" : "document", parameters);
    }
}
