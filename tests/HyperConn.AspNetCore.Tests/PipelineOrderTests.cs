using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace HyperConn.AspNetCore.Tests;

/// <summary>A pipeline in the wrong order must not let a header decide where a claim should.</summary>
public class PipelineOrderTests
{
    private const string Scheme = "test";

    [Fact]
    public async Task After_authentication_and_authorization_the_claim_decides()
    {
        await using var app = await StartAsync(app => app.UseRouting().UseAuthentication().UseAuthorization().UseTenant(), Scheme);

        Assert.Equal((HttpStatusCode.OK, "acme"), await AskAsync(app, "/mine", user: "acme", header: null));
        Assert.Equal((HttpStatusCode.OK, "acme"), await AskAsync(app, "/mine", user: "acme", header: "acme"));
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(app, "/mine", user: "acme", header: "other")).Status);
        Assert.Equal((HttpStatusCode.OK, "other"), await AskAsync(app, "/anyone", user: null, header: "other"));
    }

    [Fact]
    public async Task An_application_s_own_order_is_the_right_one()
    {
        await using var app = await StartAsync(app => app.UseTenant(), Scheme);

        Assert.Equal((HttpStatusCode.OK, "acme"), await AskAsync(app, "/mine", user: "acme", header: null));
        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(app, "/mine", user: "acme", header: "other")).Status);
    }

    [Fact]
    public async Task Before_authentication_it_is_an_error_and_nobody_s_data_is_shown()
    {
        await using var app = await StartAsync(app => app.UseRouting().UseTenant().UseAuthentication().UseAuthorization(), Scheme);

        Assert.Equal(HttpStatusCode.InternalServerError, (await AskAsync(app, "/mine", user: "acme", header: "other")).Status);
        Assert.Equal(HttpStatusCode.InternalServerError, (await AskAsync(app, "/anyone", user: "acme", header: "other")).Status);
    }

    [Fact]
    public async Task Before_authorization_it_is_an_error_where_that_brings_the_user()
    {
        // No default scheme: the endpoint's policy names it, so the user is known after UseAuthorization only.
        await using var app = await StartAsync(app => app.UseRouting().UseAuthentication().UseTenant().UseAuthorization(), null);

        Assert.Equal(HttpStatusCode.InternalServerError, (await AskAsync(app, "/mine", user: "acme", header: "other")).Status);
    }

    [Fact]
    public void Without_any_place_to_look_it_is_refused_at_the_start()
    {
        var fault = Assert.Throws<InvalidOperationException>(() => WebApplication.CreateSlimBuilder().Build().UseTenant());

        Assert.Contains("WithTenantFromHeader", fault.Message, StringComparison.Ordinal);
    }

    private static async Task<WebApplication> StartAsync(Action<WebApplication> pipeline, string? defaultScheme)
    {
        // The usual builder, which adds what is missing of the pipeline by itself.
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddAuthentication(defaultScheme ?? "nobody")
            .AddScheme<AuthenticationSchemeOptions, UserFromHeader>(Scheme, null)
            .AddScheme<AuthenticationSchemeOptions, Nobody>("nobody", null);
        builder.Services.AddAuthorization();
        builder.Services.AddHyperConn(o => (o.ProjectName, o.Services) = ("shop", ["core"]))
            .WithTenantFromHeader("X-Tenant").WithTenantFromClaim("org").WithTenantProblemDetails();
        var app = builder.Build();
        pipeline(app);
        app.MapGet("/mine", (ITenantAccessor tenant) => tenant.Required.Org).RequireAuthorization(p => p.AddAuthenticationSchemes(Scheme).RequireAuthenticatedUser()).RequireTenant();
        app.MapGet("/anyone", (ITenantAccessor tenant) => tenant.Required.Org).RequireTenant();
        await app.StartAsync();
        return app;
    }

    private static async Task<(HttpStatusCode Status, string Body)> AskAsync(WebApplication app, string path, string? user, string? header)
    {
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };
        if (user is not null)
            client.DefaultRequestHeaders.Add("X-User-Of", user);
        if (header is not null)
            client.DefaultRequestHeaders.Add("X-Tenant", header);
        using var response = await client.GetAsync(path);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    private sealed class UserFromHeader(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            if (!Request.Headers.TryGetValue("X-User-Of", out var org))
                return Task.FromResult(AuthenticateResult.NoResult());
            var identity = new ClaimsIdentity([new Claim("org", org.ToString())], PipelineOrderTests.Scheme);
            return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), PipelineOrderTests.Scheme)));
        }
    }

    private sealed class Nobody(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(AuthenticateResult.NoResult());
    }
}
