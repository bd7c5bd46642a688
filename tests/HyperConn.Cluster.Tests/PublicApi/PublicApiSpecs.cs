namespace HyperConn.Tests.Cluster.PublicApi;

public class PublicApiSpecs
{
    [Fact]
    public void The_public_surface_is_the_approved_one() => ApprovedApi.Check(typeof(HyperConnCluster).Assembly);
}
