using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace EventSourcing;

/// <summary>How errors of the app become problem details, beside those of the library.</summary>
public sealed class ProblemOptions
{
    private readonly List<Func<Exception, ProblemDetails?>> _maps = [];

    /// <summary>Makes errors of a type problems. The first mapping that was made for a type counts.</summary>
    /// <typeparam name="TException">The type of the error.</typeparam>
    /// <param name="status">The status of the answer, 400 to 599.</param>
    /// <param name="title">What is wrong, in general.</param>
    /// <param name="detail">What is wrong this time. Everybody who calls the API can read it. By default nothing is said.</param>
    /// <returns>These options.</returns>
    public ProblemOptions Map<TException>(int status, string title, Func<TException, string>? detail = null)
        where TException : Exception
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(status, StatusCodes.Status400BadRequest);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(status, 599);
        ArgumentException.ThrowIfNullOrWhiteSpace(title);
        _maps.Add(error => error is TException mapped ? new ProblemDetails { Status = status, Title = title, Detail = detail?.Invoke(mapped) } : null);
        return this;
    }

    internal ProblemDetails? Find(Exception error)
    {
        foreach (var map in _maps)
        {
            if (map(error) is { } problem) return problem;
        }

        return null;
    }
}
