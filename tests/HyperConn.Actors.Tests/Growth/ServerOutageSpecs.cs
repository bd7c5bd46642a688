using System.Globalization;
using HyperConn.Servers;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Growth;

/// <summary>A server that gives no answer meets every tenant there is, and what is remembered of it stays small.</summary>
public class ServerOutageSpecs
{
    private static readonly TenantKey Well = TenantKey.Create("core", "well");

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Tenants_that_get_no_answer_from_a_server_are_remembered_by_the_latest()
    {
        var health = new ServerHealth(_time, new FixedRandom(0.5));
        for (var i = 0; i < 100_000; i++)
            health.ReportNoAnswer(Tenant(i), alone: false);
        Assert.Equal(ServerHealth.MostRemembered, health.Remembered);

        // They are as many as before when the server answers others, and what they report is held against themselves.
        health.ReportReachable(Well);
        Assert.Equal(ServerHealth.MostRemembered, health.Remembered);
        Assert.Equal(NoAnswerMeans.Tenant, health.ReportNoAnswer(Tenant(99_999), alone: false));
        Assert.Equal(NoAnswerMeans.Tenant, health.ReportNoAnswer(Tenant(100_000 - ServerHealth.MostRemembered), alone: false));

        // One that was forgotten is believed once more, and held against itself once more.
        Assert.Equal(NoAnswerMeans.Unknown, health.ReportNoAnswer(Tenant(0), alone: false));
        health.ReportReachable(Well);
        Assert.Equal(NoAnswerMeans.Tenant, health.ReportNoAnswer(Tenant(0), alone: false));
        Assert.Equal(ServerHealth.MostRemembered, health.Remembered);
    }

    [Fact]
    public void One_that_gets_no_answer_again_and_again_is_among_the_latest()
    {
        var health = new ServerHealth(_time, new FixedRandom(0.5));
        for (var i = 0; i < 10 * ServerHealth.MostRemembered; i++)
        {
            health.ReportNoAnswer(Tenant(i), alone: true);
            if (i % 100 == 0)
                health.ReportNoAnswer(Well, alone: true);
        }

        health.ReportReachable(Tenant(-1));
        Assert.Equal(NoAnswerMeans.Tenant, health.ReportNoAnswer(Well, alone: false));
    }

    private static TenantKey Tenant(int number) => TenantKey.Create("core", "org" + number.ToString(CultureInfo.InvariantCulture));
}
