using System.Security.Claims;
using HyperConn.AspNetCore.Sources;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace HyperConn.AspNetCore.Tests;

/// <summary>Whose request it is, for every way to say so and for those that contradict each other.</summary>
public class TenantResolverSpecs
{
    [Theory]
    [InlineData("acme", "acme", null)]
    [InlineData("Acme", "Acme", null)]
    [InlineData(null, null, TenantProblemCodes.Missing)]
    [InlineData("", null, TenantProblemCodes.Unknown)]
    [InlineData("no such thing", null, TenantProblemCodes.Unknown)]
    [InlineData("acme,other", null, TenantProblemCodes.Unknown)]
    [InlineData("arn:aws:secretsmanager", null, TenantProblemCodes.Unknown)]
    [InlineData("acme'; drop table orders; --", null, TenantProblemCodes.Unknown)]
    public async Task A_header_names_an_organisation(string? header, string? org, string? problem)
    {
        var found = await ResolveAsync(s => s.WithTenantFromHeader("X-Tenant"), c => Header(c, header));

        Assert.Equal((org is null ? null : TenantKey.Create("core", org), problem), (found.Tenant, found.Problem));
    }

    [Fact]
    public async Task Two_headers_name_none_even_if_they_agree()
    {
        var found = await ResolveAsync(s => s.WithTenantFromHeader("X-Tenant"), c => c.Request.Headers["X-Tenant"] = new(["acme", "acme"]));

        Assert.Equal(TenantProblemCodes.Unknown, found.Problem);
    }

    [Theory]
    [InlineData("{org}.shop.example", "acme.shop.example", "acme")]
    [InlineData("{org}.shop.example", "ACME.Shop.Example", "acme")]
    [InlineData("{org}.shop.example", "acme.shop.example.", "acme")]
    [InlineData("{org}.shop.example", "a.b.shop.example", null)]
    [InlineData("{org}.shop.example", "shop.example", null)]
    [InlineData("{org}.shop.example", ".shop.example", null)]
    [InlineData("{org}.shop.example", "acme.shop.example.evil.test", null)]
    [InlineData("{org}.shop.example", "acme-shop.example", null)]
    [InlineData("{org}.shop.example", "", null)]
    [InlineData("{org}.shop.example", "[::1]", null)]
    [InlineData("shop-{org}.example", "shop-acme.example", "acme")]
    [InlineData("shop-{org}.example", "shop-.example", null)]
    [InlineData("db.{org}.example", "db.acme.example", "acme")]
    [InlineData("{org}.localhost", "acme.localhost:5000", "acme")]
    public async Task A_host_s_name_names_an_organisation_by_one_label(string pattern, string host, string? org)
    {
        var found = await ResolveAsync(s => s.WithTenantFromHost(pattern), c => c.Request.Host = new HostString(host));

        Assert.Equal(org, found.Tenant?.Org);
        Assert.Equal(org is null ? TenantProblemCodes.Missing : null, found.Problem);
    }

    [Theory]
    [InlineData("shop.example")]
    [InlineData("{org}")]
    [InlineData("{org}.{org}.example")]
    [InlineData("https://{org}.example")]
    [InlineData("{org}.example:5000")]
    [InlineData("*.{org}.example")]
    [InlineData("{org}.example/path")]
    [InlineData("")]
    public void A_pattern_that_can_t_be_a_host_is_refused_at_once(string pattern) =>
        Assert.ThrowsAny<ArgumentException>(() => new ServiceCollection().WithTenantFromHost(pattern));

    [Fact]
    public async Task A_route_names_an_organisation_by_one_of_its_values()
    {
        Assert.Equal("acme", (await ResolveAsync(s => s.WithTenantFromRoute("org"), c => c.Request.RouteValues["org"] = "acme")).Tenant?.Org);
        Assert.Equal(TenantProblemCodes.Missing, (await ResolveAsync(s => s.WithTenantFromRoute("org"), c => c.Request.RouteValues["org"] = null)).Problem);
        Assert.Equal(TenantProblemCodes.Missing, (await ResolveAsync(s => s.WithTenantFromRoute("org"), _ => { })).Problem);
    }

    [Fact]
    public async Task Code_names_a_tenant_or_nothing_or_something_impossible()
    {
        var found = await ResolveAsync(s => s.WithTenantFrom(c => TenantKey.Create("billing", c.Request.Query["org"]!)), c => c.Request.QueryString = new("?org=acme"));
        Assert.Equal(TenantKey.Create("billing", "acme"), found.Tenant);

        Assert.Equal(TenantProblemCodes.Unknown, (await ResolveAsync(s => s.WithTenantFrom(_ => TenantKey.Create("core", "a b")), _ => { })).Problem);
        Assert.Equal(TenantProblemCodes.Unknown, (await ResolveAsync(s => s.WithTenantFrom(_ => default(TenantKey)), _ => { })).Problem);
        Assert.Equal(TenantProblemCodes.Missing, (await ResolveAsync(s => s.WithTenantFrom(_ => null), _ => { })).Problem);
        Assert.Equal("late", (await ResolveAsync(
            s => s.WithTenantFrom(async _ =>
            {
                await Task.Yield();
                return TenantKey.Create("core", "late");
            }),
            _ => { })).Tenant?.Org);
    }

    // Claims, signed in or not, header, and what comes of it.
    [Theory]
    [InlineData("acme", true, "acme", "acme")]
    [InlineData("acme", true, null, "acme")]
    [InlineData("acme", true, "other", TenantProblemCodes.Forbidden)]
    [InlineData("acme", true, "not one", TenantProblemCodes.Unknown)]
    [InlineData(null, true, "acme", TenantProblemCodes.Forbidden)]
    [InlineData(null, true, null, TenantProblemCodes.Forbidden)]
    [InlineData("a b", true, "acme", TenantProblemCodes.Forbidden)]
    [InlineData("acme other", true, "other", "other")]
    [InlineData("acme other", true, "third", TenantProblemCodes.Forbidden)]
    [InlineData("acme other", true, null, TenantProblemCodes.Ambiguous)]
    [InlineData("acme acme", true, null, "acme")]
    [InlineData("acme", false, null, TenantProblemCodes.Missing)]
    [InlineData("acme", false, "other", "other")]
    public async Task A_claim_stands_above_a_header(string? claims, bool isSignedIn, string? header, string expected)
    {
        var found = await ResolveAsync(s => s.WithTenantFromHeader("X-Tenant").WithTenantFromClaim("org"), c =>
        {
            Header(c, header);
            var all = claims == "a b" ? [claims] : claims?.Split(' ') ?? [];
            c.User = new ClaimsPrincipal(new ClaimsIdentity(all.Select(org => new Claim("org", org)), isSignedIn ? "test" : null));
        });

        Assert.Equal(expected, found.Tenant?.Org ?? found.Problem);
    }

    [Theory]
    [InlineData("acme", "acme", "acme.shop.example", "acme")]
    [InlineData("acme", null, "acme.shop.example", "acme")]
    [InlineData(null, null, "acme.shop.example", "acme")]
    [InlineData(null, null, "shop.example", TenantProblemCodes.Missing)]
    [InlineData("acme", "other", "shop.example", TenantProblemCodes.Ambiguous)]
    [InlineData("acme", "acme", "other.shop.example", TenantProblemCodes.Ambiguous)]
    [InlineData("ACME", null, "acme.shop.example", TenantProblemCodes.Ambiguous)]
    [InlineData("acme", "o r", "acme.shop.example", TenantProblemCodes.Unknown)]
    public async Task Places_that_answer_must_agree(string? header, string? route, string host, string expected)
    {
        var found = await ResolveAsync(
            s => s.WithTenantFromHeader("X-Tenant").WithTenantFromRoute("org").WithTenantFromHost("{org}.shop.example"),
            c =>
            {
                Header(c, header);
                c.Request.RouteValues["org"] = route;
                c.Request.Host = new HostString(host);
            });

        Assert.Equal(expected, found.Tenant?.Org ?? found.Problem);
    }

    [Fact]
    public async Task Two_services_are_two_tenants()
    {
        var found = await ResolveAsync(
            s => s.WithTenantFromHeader("X-Tenant", service: "core").WithTenantFromRoute("org", service: "billing"),
            c =>
            {
                Header(c, "acme");
                c.Request.RouteValues["org"] = "acme";
            });

        Assert.Equal(TenantProblemCodes.Ambiguous, found.Problem);
    }

    [Theory]
    [InlineData("")]
    [InlineData("core,billing")]
    public void Without_a_service_and_without_just_one_configured_it_is_said_at_the_start(string configured)
    {
        var services = Services(configured.Split(',', StringSplitOptions.RemoveEmptyEntries)).WithTenantFromHeader("X-Tenant").BuildServiceProvider();

        var fault = Assert.Throws<InvalidOperationException>(() => services.GetRequiredService<TenantResolver>());

        Assert.Contains("service: \"core\"", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_service_that_can_t_be_one_is_refused_at_once() =>
        Assert.Throws<ArgumentException>(() => Services(["core"]).WithTenantFromHeader("X-Tenant", service: "no service"));

    private static void Header(HttpContext context, string? value)
    {
        if (value is not null)
            context.Request.Headers["X-Tenant"] = value;
    }

    private static IServiceCollection Services(string[] services) => new ServiceCollection().AddHyperConn(o =>
    {
        o.ProjectName = "shop";
        o.Services = services;
    });

    private static async Task<TenantResolution> ResolveAsync(Func<IServiceCollection, IServiceCollection> add, Action<HttpContext> request)
    {
        await using var services = add(Services(["core"])).BuildServiceProvider();
        var context = new DefaultHttpContext { RequestServices = services };
        request(context);
        return await services.GetRequiredService<TenantResolver>().ResolveAsync(context);
    }
}
