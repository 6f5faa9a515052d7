using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EventSourcing.Explorer.Tests.Serving;

/// <summary>Signs a user in whom a header names, with the roles that another one lists.</summary>
public sealed class TestUsers(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string Name = "Test-User";

    public const string Roles = "Test-Roles";

    public static void Add(IServiceCollection services)
    {
        services.AddAuthentication("test").AddScheme<AuthenticationSchemeOptions, TestUsers>("test", null);
        services.AddAuthorizationBuilder().AddPolicy(
            "operators", policy => policy.RequireRole("operator")).AddPolicy("auditors", policy => policy.RequireRole("auditor"));
    }

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Request.Headers[Name].ToString() is not { Length: > 0 } name) return Task.FromResult(AuthenticateResult.NoResult());
        var roles = Request.Headers[Roles].ToString().Split(',').Select(role => new Claim(ClaimTypes.Role, role));
        var user = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, name), .. roles], "test"));
        return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(user, "test")));
    }
}
