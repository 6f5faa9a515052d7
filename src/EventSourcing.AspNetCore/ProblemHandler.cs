using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EventSourcing;

/// <summary>
/// Answers a request that has ended with an error of the library. The texts are fixed, because messages of errors may say where the store
/// is, or what an event holds. If the answer is 500 or more, the error is logged here, because the middleware does not log errors that were
/// answered.
/// </summary>
internal sealed partial class ProblemHandler(
    IProblemDetailsService problems, IOptions<ProblemOptions> options, ILoggerFactory logging) : IExceptionHandler
{
    private const string Types = "urn:event-sourcing:";
    private const string Again = "Nothing was changed. Read it again, and decide anew.";

    private readonly ILogger _logger = logging.CreateLogger("EventSourcing");

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var own = options.Value.Find(exception);
        if ((own ?? Find(exception, httpContext.Request)) is not { } problem) return false;
        var status = problem.Status!.Value;
        if (status >= StatusCodes.Status500InternalServerError)
        {
            var error = exception.GetType().ToString();
            if (own is null && exception is not StorageFailedException) Unavailable(_logger, error, status, exception);
            else Failed(_logger, error, status, exception);
        }

        httpContext.Response.StatusCode = status;
        if (status == StatusCodes.Status503ServiceUnavailable) httpContext.Response.Headers.RetryAfter = "1";

        // A client that accepts no JSON gets the status alone. If the result were false then, the middleware would turn a 404 into a 500.
        var context = new ProblemDetailsContext { HttpContext = httpContext, ProblemDetails = problem };
        await problems.TryWriteAsync(context).ConfigureAwait(false);
        return true;
    }

    [LoggerMessage(920, LogLevel.Error, "A request has failed with {Error} and is answered with {Status}")]
    private static partial void Failed(ILogger logger, string error, int status, Exception exception);

    [LoggerMessage(921, LogLevel.Warning, "A request could not be served because of {Error} and is answered with {Status}")]
    private static partial void Unavailable(ILogger logger, string error, int status, Exception exception);

    private static ProblemDetails? Find(Exception error, HttpRequest request) => error switch
    {
        VersionMismatchException mismatch => Mismatch(mismatch.Actual),
        WrongExpectedVersionException wrong when IsOfIfMatch(wrong, request) => Mismatch(wrong.ActualVersion),
        WrongExpectedVersionException wrong when wrong.Expected == ExpectedVersion.NoStream => Problem(
            StatusCodes.Status409Conflict,
            "already-exists",
            "It exists already.",
            Again,
            ("version", wrong.ActualVersion)),
        WrongExpectedVersionException wrong => Problem(
            StatusCodes.Status409Conflict,
            "wrong-expected-version",
            "Somebody else has changed it at the same time.",
            Again,
            ("version", wrong.ActualVersion)),
        AppendConditionFailedException failed => Problem(
            StatusCodes.Status409Conflict,
            "condition-failed",
            "Somebody else has changed what this was decided on.",
            Again,
            ("position", failed.ConflictingPosition)),
        DuplicateEventIdException => Problem(
            StatusCodes.Status409Conflict,
            "duplicate-id",
            "The same id was used for something else.",
            "Nothing was changed. Give each command an id of its own."),
        CommandIdReusedException => Problem(
            StatusCodes.Status422UnprocessableEntity,
            "key-reused",
            "The Idempotency-Key was used for another request.",
            "Nothing was changed. Give each request a key of its own, and repeat a request with what it had the first time."),
        AggregateNotFoundException => Problem(StatusCodes.Status404NotFound, "not-found", "There is no such thing.", null),
        StoreReadOnlyException => Problem(
            StatusCodes.Status403Forbidden, "read-only", "The store is read-only here.", "Nothing was changed."),
        StoreMovedException => Problem(
            StatusCodes.Status503ServiceUnavailable, "moved", "The store has moved.", "Nothing was changed. Try again in a moment."),
        StoreBusyException => Problem(
            StatusCodes.Status503ServiceUnavailable, "busy", "The store is busy.", "Nothing was changed. Try again in a moment."),
        StorageFailedException failed => Problem(
            StatusCodes.Status503ServiceUnavailable,
            "storage-failed",
            "The store cannot be reached.",
            failed.OutcomeIsUnknown
                ? "It may or may not have been changed. Repeat the request with the same Idempotency-Key."
                : "Nothing was changed. Try again in a moment.",
            ("outcomeIsUnknown", failed.OutcomeIsUnknown)),
        ReadModelLateException late => Problem(
            StatusCodes.Status503ServiceUnavailable,
            "read-model-late",
            "What is shown is not up to date yet.",
            "What was changed is stored. Ask again in a moment.",
            ("position", late.Reached)),
        ProjectionParkedException => Problem(
            StatusCodes.Status503ServiceUnavailable,
            "parked",
            "What is shown is held back until somebody has mended it.",
            "What was changed is stored."),
        InvalidIdException => Problem(
            StatusCodes.Status400BadRequest,
            "invalid-id",
            "There can be no such id.",
            "Nothing was changed. Ids have 1 to 200 characters."),
        InvalidHeaderException bad => Problem(bad.StatusCode, "bad-request", "The request is not valid.", bad.Message),
        BadHttpRequestException bad => Problem(bad.StatusCode, "bad-request", "The request is not valid.", null),
        _ => null,
    };

    /// <summary>Whether an append has failed because its stream does not have the version that the caller has sent.</summary>
    private static bool IsOfIfMatch(WrongExpectedVersionException wrong, HttpRequest request) =>
        IfMatch.Find(request) is { } seen && seen != default(IfMatch) && seen.Expected == wrong.Expected;

    private static ProblemDetails Mismatch(long actual) => Problem(
        StatusCodes.Status412PreconditionFailed, "version-mismatch", "The version is not the one in If-Match.", Again, ("version", actual));

    private static ProblemDetails Problem(
        int status, string type, string title, string? detail, params ReadOnlySpan<(string Key, object Value)> extensions)
    {
        var problem = new ProblemDetails { Status = status, Type = Types + type, Title = title, Detail = detail };
        foreach (var (key, value) in extensions) problem.Extensions[key] = value;
        return problem;
    }
}
