using System.Diagnostics;
using HyperConn.Opening;

namespace HyperConn.Tests.Diagnostics;

/// <summary>Spans of an acquisition.</summary>
public sealed class AcquireSpansSpecs
{
    [Fact]
    public void Spans_nest_and_carry_the_tenant_only_when_asked()
    {
        var ended = new List<Activity>();
        using var root = new Activity("test").Start();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == HyperConnTelemetry.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Parent.TraceId == root.TraceId ? ActivitySamplingResult.AllData : ActivitySamplingResult.None,
            ActivityStopped = activity =>
            {
                lock (ended)
                    ended.Add(activity);
            },
        };
        ActivitySource.AddActivityListener(listener);
        var tenant = TenantKey.Create("core", "org1");

        using (var acquire = AcquireSpans.StartAcquire(tenant, tenantLabels: false))
        {
            using (AcquireSpans.StartResolve(tenant, tenantLabels: true))
            {
            }

            using (var connect = AcquireSpans.StartConnect([new ServerEndpoint("pg1", 5432)]))
                connect.Fail(HyperConnErrorCode.LoginRefused);
        }

        var (resolve, connectSpan, acquireSpan) = (ended[0], ended[1], ended[2]);
        Assert.Equal(acquireSpan.SpanId, resolve.ParentSpanId);
        Assert.Equal(acquireSpan.SpanId, connectSpan.ParentSpanId);
        Assert.Null(acquireSpan.GetTagItem("hyperconn.tenant.org"));
        Assert.Equal("org1", resolve.GetTagItem("hyperconn.tenant.org"));
        Assert.Equal("pg1", connectSpan.GetTagItem("server.address"));
        Assert.Equal(ActivityStatusCode.Error, connectSpan.Status);
    }
}
