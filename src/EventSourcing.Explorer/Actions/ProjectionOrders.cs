using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EventSourcing.Explorer;

/// <summary>Orders to projections, each with the user's name and a reason.</summary>
internal static partial class ProjectionOrders
{
    private const int MaxReason = 500;

    public static async Task GiveAsync(HttpContext http, PageContext page)
    {
        if (page.Options.ActionPolicy is null)
            throw new RefusedException(
                403, "Orders are turned off",
                "Nobody can give orders here. To allow it, name an authorization policy: explorer => explorer.ActionPolicy = \"…\".");
        if (page.Store.IsReadOnly)
            throw new RefusedException(403, "The store is open read-only", "No order can be stored. Nothing was ordered.");
        if (!page.MayAct)
            throw new RefusedException(
                403, "You may not give orders", $"The policy '{page.Options.ActionPolicy}' does not let you. Nothing was ordered.");
        if (!http.Request.HasFormContentType)
            throw new RefusedException(415, "That is not an order", "An order must be sent as a form. Nothing was ordered.");
        var form = await http.Request.ReadFormAsync(page.Aborted).ConfigureAwait(false);
        var (order, projection, reason) = (form["order"].ToString(), form["projection"].ToString(), form["reason"].ToString().Trim());
        if (reason.Length is 0 or > MaxReason)
            throw new RefusedException(
                400, "A reason is missing",
                $"Each order is kept with a reason of 1 to {MaxReason} characters. Nothing was ordered. Go back and write one.");
        var user = NameOf(http);
        var admin = page.Store.ProjectionAdmin();
        var (subject, give) = await FindAsync(
            admin, order, projection, form["parked"].ToString(), form["key"].ToString(), user, reason, page.Aborted).ConfigureAwait(false);

        // First the record, so that nothing can be done without one. From then on nothing is abandoned, though the browser may have gone:
        // a record must not say that an order was given if it was not.
        var record = await OrderRecords.BeginAsync(
            page.Store, new OrderRecord(page.Now, user, order, projection, subject, reason, "given"), page.Aborted).ConfigureAwait(false);
        var logger = http.RequestServices.GetService<ILoggerFactory>()?.CreateLogger("EventSourcing.Explorer");
        try
        {
            var isGiven = await give().ConfigureAwait(false);
            if (!isGiven) await OrderRecords.EndAsync(page.Store, record, "too late", CancellationToken.None).ConfigureAwait(false);
            if (logger is not null) LogOrder(logger, order, projection, user, isGiven);
            http.Response.StatusCode = StatusCodes.Status303SeeOther;
            http.Response.Headers.Location = Parts.Link("projection", ("name", projection), (isGiven ? "done" : "late", order));
        }
        catch
        {
            await OrderRecords.EndAsync(page.Store, record, "failed", CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The name of the user; of the one who is not signed in, on whose machine the app runs, that is all that is known.</summary>
    public static string NameOf(HttpContext http) => http.User.Identity is { IsAuthenticated: true } identity
        ? identity.Name
            ?? http.User.FindFirst("sub")?.Value
            ?? http.User.FindFirst(System.Security.Claims.ClaimTypes.NameIdentifier)?.Value
            ?? "(signed in, without a name)"
        : "(not signed in)";

    /// <summary>Finds out what an order is about, and how it is given; giving it cannot be cancelled.</summary>
    private static async Task<(string Subject, Func<Task<bool>> Give)> FindAsync(
        ProjectionAdmin admin,
        string order,
        string projection,
        string parkedId,
        string key,
        string user,
        string reason,
        CancellationToken cancellationToken)
    {
        switch (order)
        {
            case "rebuild": return ("", Always(() => admin.RebuildAsync(projection, CancellationToken.None)));
            case "rebuild-document": return (key, Always(() => admin.RebuildDocumentAsync(projection, key, CancellationToken.None)));
            case "stop": return ("", Always(() => admin.StopAsync(projection, CancellationToken.None)));
            case "start": return ("", Always(() => admin.StartAsync(projection, CancellationToken.None)));
            case "resume-all":
                return ("", async () => await admin.ResumeAllAsync(projection, CancellationToken.None).ConfigureAwait(false) > 0);
            case "resume" or "skip":
                var all = await admin.GetParkedAsync(projection, cancellationToken).ConfigureAwait(false);
                var parked = all.FirstOrDefault(parked => parked.Id == parkedId)
                    ?? throw new RefusedException(
                        409, "It is no longer parked",
                        "Somebody else was first, or the event has succeeded meanwhile. Nothing was ordered. "
                        + "Look at the projection again.");
                return ($"{parked.Partition} at position {Parts.Text(parked.Position)}", order == "resume"
                    ? () => admin.ResumeAsync(parked, CancellationToken.None)
                    : () => admin.SkipAsync(parked, user, reason, CancellationToken.None));
            default: throw new RefusedException(
                400, "That is not an order", $"There is no order '{Parts.Cut(order, 40)}'. Nothing was ordered.");
        }
    }

    private static Func<Task<bool>> Always(Func<Task> give) => async () =>
    {
        await give().ConfigureAwait(false);
        return true;
    };

    [LoggerMessage(
        EventId = 1,
        Level = LogLevel.Information,
        Message = "Order '{Order}' to '{Projection}' by '{User}' in the explorer; carried out: {IsGiven}.")]
    private static partial void LogOrder(ILogger logger, string order, string projection, string user, bool isGiven);
}
