using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace EventSourcing;

/// <summary>
/// Answers a request that has ended with an error of the library. The texts are fixed: messages of errors may say where the store is, or
/// what an event holds.
/// </summary>
internal sealed class ProblemHandler(IProblemDetailsService problems, IOptions<ProblemOptions> options) : IExceptionHandler
{
    private const string Types = "urn:event-sourcing:";
    private const string Again = "Nothing was changed. Read it again, and decide anew.";

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if ((options.Value.Find(exception) ?? Find(exception)) is not { } problem) return false;
        httpContext.Response.StatusCode = problem.Status!.Value;
        if (problem.Status == StatusCodes.Status503ServiceUnavailable) httpContext.Response.Headers.RetryAfter = "1";
        var context = new ProblemDetailsContext { HttpContext = httpContext, ProblemDetails = problem };
        return await problems.TryWriteAsync(context).ConfigureAwait(false);
    }

    private static ProblemDetails? Find(Exception error) => error switch
    {
        VersionMismatchException mismatch => Problem(
            StatusCodes.Status412PreconditionFailed,
            "version-mismatch",
            "The version is not the one in If-Match.",
            Again,
            ("version", mismatch.Actual)),
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
        BadHttpRequestException bad => Problem(bad.StatusCode, "bad-request", "The request is not valid.", bad.Message),
        _ => null,
    };

    private static ProblemDetails Problem(
        int status, string type, string title, string? detail, params ReadOnlySpan<(string Key, object Value)> extensions)
    {
        var problem = new ProblemDetails { Status = status, Type = Types + type, Title = title, Detail = detail };
        foreach (var (key, value) in extensions) problem.Extensions[key] = value;
        return problem;
    }
}
