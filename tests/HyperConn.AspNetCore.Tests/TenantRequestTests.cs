using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using HyperConn.AspNetCore.Tests.Support;
using HyperConn.Host.Demo;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace HyperConn.AspNetCore.Tests;

/// <summary>Requests through Kestrel to a real PostgreSQL: whose data they see, and what they are told when there is none.</summary>
public sealed class TenantRequestTests(Shops shops) : IClassFixture<Shops>
{
    private const string Canary = "cAnArY-p4ssw0rd";

    [SkippableFact]
    public async Task Each_request_sees_its_own_tenant_s_database_whatever_names_it()
    {
        await using var host = await ShopHost.StartAsync(
            shops.All, s => s.WithTenantFromHeader("X-Tenant").WithTenantFromRoute("org").WithTenantFromHost("{org}.shop.example"), ShopEndpoints.Map);
        await Task.WhenAll(Enumerable.Range(0, 120).Select(async i =>
        {
            var shop = shops.All[i % shops.All.Count];
            using var request = new HttpRequestMessage(HttpMethod.Get, i % 3 == 0 ? $"/shops/{shop.Key.Org}/who" : "/who");
            if (i % 3 == 1)
                request.Headers.Host = $"{shop.Key.Org}.shop.example";
            if (i % 3 == 2)
                request.Headers.Add("X-Tenant", shop.Key.Org);
            using var response = await host.Client.SendAsync(request);
            Assert.Equal(ShopEndpoints.Expected(shop), await response.Content.ReadAsStringAsync());
        }));

        await host.UntilNoLeasesAsync();
    }

    [SkippableTheory]
    [InlineData("/who", null, HttpStatusCode.BadRequest, TenantProblemCodes.Missing)]
    [InlineData("/who", "not one", HttpStatusCode.NotFound, TenantProblemCodes.Unknown)]
    [InlineData("/who", "nobody", HttpStatusCode.NotFound, TenantProblemCodes.Unknown)]
    [InlineData("/shops/nobody/who", "tenant0001", HttpStatusCode.BadRequest, TenantProblemCodes.Ambiguous)]
    [InlineData("/shops/nobody/who", null, HttpStatusCode.NotFound, TenantProblemCodes.Unknown)]
    public async Task An_endpoint_that_demands_a_tenant_answers_without_one(string path, string? org, HttpStatusCode status, string code)
    {
        await using var host = await ShopHost.StartAsync(shops.All, s => s.WithTenantFromHeader("X-Tenant").WithTenantFromRoute("org"), ShopEndpoints.Map);
        using var response = await host.GetAsync(path, org);
        var problem = await ShopHost.ProblemAsync(response);

        Assert.Equal((status, code), (problem.Status, problem.Code));
        Assert.Null(response.Headers.RetryAfter);
        Assert.DoesNotContain("nobody", problem.Body, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Others_are_served_without_one()
    {
        await using var host = await ShopHost.StartAsync(shops.All, s => s.WithTenantFromHeader("X-Tenant").WithTenantFromRoute("org"), ShopEndpoints.Map);

        Assert.Equal("tenant0001", await (await host.GetAsync("/free", "tenant0001")).Content.ReadAsStringAsync());
        Assert.Equal("nobody", await (await host.GetAsync("/free", null)).Content.ReadAsStringAsync());
        Assert.Equal("nobody", await (await host.GetAsync("/free", "not one")).Content.ReadAsStringAsync());
    }

    [SkippableFact]
    public async Task While_every_connection_is_in_use_callers_are_told_to_come_again()
    {
        var logs = new CollectedLogs();
        await using var host = await ShopHost.StartAsync(shops.All, s => s.WithTenantFromHeader("X-Tenant"), ShopEndpoints.Map, o =>
        {
            o.Servers.MaxConnections = 1;
            o.Connections.MaxPerTenant = 1;
            o.Pools.AcquireTimeout = TimeSpan.FromSeconds(4);
        }, logs: logs);
        var shop = shops.All[0];
        await using (await host.Pools.OpenConnectionAsync(shop.Key))
        {
            using var response = await host.GetAsync("/who", shops.All[1].Key.Org);
            var problem = await ShopHost.ProblemAsync(response);

            Assert.Equal((HttpStatusCode.ServiceUnavailable, TenantProblemCodes.Busy), (problem.Status, problem.Code));
            Assert.Equal(TimeSpan.FromSeconds(5), response.Headers.RetryAfter?.Delta);
            // The budget's own words name the tenants that hold most: they are for the log.
            AssertSilent(problem.Body, shop);
            Assert.Contains(logs.Lines, line => line.StartsWith($"Answered 503 TenantBusy for {shops.All[1].Key} (BudgetTimedOut)", StringComparison.Ordinal));
        }

        await host.UntilNoLeasesAsync();
        Assert.Equal(ShopEndpoints.Expected(shop), await (await host.GetAsync("/who", shop.Key.Org)).Content.ReadAsStringAsync());
    }

    [SkippableFact]
    public async Task A_tenant_that_can_t_be_reached_is_an_outage_and_its_secret_stays_one()
    {
        var shop = shops.All[0];
        await using var host = await ShopHost.StartAsync(
            shops.All,
            s => s.WithTenantFromHeader("X-Tenant"),
            ShopEndpoints.Map,
            o => o.Pools.AcquireTimeout = TimeSpan.FromSeconds(4),
            new Dictionary<string, string>
            {
                ["away"] = $"postgresql://app:{Canary}@127.0.0.1:1/db1",
                ["refused"] = $"postgresql://{shop.Login.User}:{Canary}@{shops.Server.Host}:{shops.Server.Port}/{shop.Database}",
                ["missing"] = shop.ConnectionUri.Replace(Uri.EscapeDataString(shop.Database), "no_such_database", StringComparison.Ordinal),
                ["garbled"] = $"postgresql://app:{Canary}@@host/db",
            });
        foreach (var (org, code, status) in new[]
        {
            ("away", TenantProblemCodes.Unavailable, HttpStatusCode.ServiceUnavailable),
            ("refused", TenantProblemCodes.Unavailable, HttpStatusCode.ServiceUnavailable),
            ("missing", TenantProblemCodes.Unavailable, HttpStatusCode.ServiceUnavailable),
            ("garbled", TenantProblemCodes.Fault, HttpStatusCode.InternalServerError),
        })
        {
            using var response = await host.GetAsync("/who", org);
            var problem = await ShopHost.ProblemAsync(response);

            Assert.Equal((org, status, code), (org, problem.Status, problem.Code));
            Assert.Equal(status == HttpStatusCode.ServiceUnavailable, response.Headers.RetryAfter?.Delta is { TotalSeconds: >= 1 });
            AssertSilent(problem.Body, shop);
            Assert.DoesNotContain(org, problem.Body, StringComparison.Ordinal);
            Assert.DoesNotContain("no_such_database", problem.Body, StringComparison.Ordinal);
        }

        // One that is away is nobody else's trouble.
        Assert.Equal(ShopEndpoints.Expected(shop), await (await host.GetAsync("/who", shop.Key.Org)).Content.ReadAsStringAsync());
    }

    [SkippableFact]
    public async Task Probes_are_answered_with_the_verdict_alone()
    {
        await using var host = await ShopHost.StartAsync(shops.All, s => s.WithTenantFromHeader("X-Tenant"), ShopEndpoints.Map);
        await host.GetAsync("/who", shops.All[0].Key.Org);

        foreach (var path in new[] { "/healthz", "/readyz" })
        {
            using var response = await host.GetAsync(path, null);
            Assert.Equal((HttpStatusCode.OK, "Healthy"), (response.StatusCode, await response.Content.ReadAsStringAsync()));
        }
    }

    [SkippableFact]
    public async Task A_server_that_is_away_makes_it_not_ready_and_leaves_it_alive()
    {
        await using var host = await ShopHost.StartAsync(
            [], s => s.WithTenantFromHeader("X-Tenant"), ShopEndpoints.Map, o => o.Pools.AcquireTimeout = TimeSpan.FromSeconds(4),
            new Dictionary<string, string> { ["away"] = "postgresql://app:secret@127.0.0.1:1/db1" });
        await host.GetAsync("/who", "away");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await host.GetAsync("/readyz", null)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/healthz", null)).StatusCode);
    }

    [Fact]
    public void Without_the_checks_there_is_nothing_to_map() =>
        Assert.Throws<InvalidOperationException>(() => WebApplication.CreateSlimBuilder().Build().MapHyperConnHealth());

    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Spans_of_requests_say_whose_they_are_where_that_is_wanted(bool labels)
    {
        var tags = new ConcurrentQueue<(object? Org, object? Error)>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span => tags.Enqueue((span.GetTagItem("hyperconn.tenant.org"), span.GetTagItem("error.type"))),
        };
        ActivitySource.AddActivityListener(listener);
        // Not asked for by any other test of this process.
        var org = $"nobody-{labels}";
        await using var host = await ShopHost.StartAsync(
            shops.All, s => s.WithTenantFromHeader("X-Tenant"), ShopEndpoints.Map, o => o.Diagnostics.TenantLabels = labels);
        await host.GetAsync("/who", org);
        await host.StopAsync();

        if (labels)
            Assert.Contains((org, "SecretNotFound"), tags);
        else
            Assert.DoesNotContain(tags, tag => Equals(tag.Org, org));
    }

    private void AssertSilent(string body, ProvisionedTenant shop)
    {
        foreach (var secret in new[] { Canary, shop.Key.Org, shop.Database, shop.Login.User, shop.Login.Password, shops.Server.Host, $"{shops.Server.Port}", "28P01", "3D000" })
            Assert.DoesNotContain(secret, body, StringComparison.Ordinal);
    }

    private sealed class CollectedLogs : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
