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

    [Theory]
    [InlineData(ActivitySamplingResult.AllData)]
    [InlineData(ActivitySamplingResult.PropagationData)]
    public void One_acquisition_has_one_span_and_names_the_server_where_there_is_one_and_somebody_reads_it(ActivitySamplingResult sampling)
    {
        using var root = new Activity("test").Start();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == HyperConnTelemetry.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Parent.TraceId == root.TraceId ? sampling : ActivitySamplingResult.None,
        };
        ActivitySource.AddActivityListener(listener);
        var tenant = TenantKey.Create("core", "org1");
        ServerEndpoint one = new("pg1", 5432), other = new("pg2", 5432);
        var isRead = sampling == ActivitySamplingResult.AllData;

        using var acquire = AcquireSpans.StartAcquire(tenant, tenantLabels: true);
        Assert.Equal(isRead ? "org1" : null, acquire!.GetTagItem("hyperconn.tenant.org"));
        Assert.Null(AcquireSpans.StartAcquire(tenant, tenantLabels: true));
        using (var connect = AcquireSpans.StartConnect([one]))
            Assert.Equal(isRead ? "pg1" : null, connect!.GetTagItem("server.address"));
        using (var connect = AcquireSpans.StartConnect([one, other]))
            Assert.Null(connect!.GetTagItem("server.address"));
        using (AcquireSpans.StartResolve(tenant, tenantLabels: false))
        using (var inner = AcquireSpans.StartAcquire(tenant, tenantLabels: false))
            Assert.NotNull(inner);

        // Another library's span of the same name is another's.
        using var theirs = new Activity("hyperconn.acquire").Start();
        using var ours = AcquireSpans.StartAcquire(tenant, tenantLabels: false);
        Assert.NotNull(ours);
    }
}
