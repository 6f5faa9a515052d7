using EventSourcing;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers problem details for errors of the library.</summary>
public static class EventStoreProblemExtensions
{
    /// <summary>
    /// Answers requests that end with an error of the library by problem details (RFC 9457). The app must use
    /// <c>app.UseExceptionHandler()</c>. Conflicts are 409, a version other than in <c>If-Match</c> 412, an idempotency key of another
    /// request 422, an aggregate that does not exist 404, an id that nothing can have 400, a store that cannot be reached 503. No answer
    /// has a payload or the place of the store, and none has the message of an error but for a 400 that says what is wrong with a header of
    /// this package. Answers of 500 or more are logged with the error.
    /// </summary>
    /// <param name="services">The services of the app.</param>
    /// <param name="configure">Maps errors of the app's own.</param>
    /// <returns>The services.</returns>
    public static IServiceCollection AddEventStoreProblems(this IServiceCollection services, Action<ProblemOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddProblemDetails();
        services.AddExceptionHandler<ProblemHandler>();
        services.AddOptions<ProblemOptions>();
        if (configure is not null) services.Configure(configure);
        return services;
    }
}
