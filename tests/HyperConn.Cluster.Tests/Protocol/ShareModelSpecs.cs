using FsCheck;
using FsCheck.Fluent;

namespace HyperConn.Tests.Cluster.Protocol;

public class ShareModelSpecs
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure
        .WithMaxTest(int.Parse(Environment.GetEnvironmentVariable("HYPERCONN_MODEL_WALKS") ?? "400", System.Globalization.CultureInfo.InvariantCulture))
        .WithEndSize(250);

    [Fact]
    public void Whatever_happens_to_nodes_network_and_coordinator_the_server_never_has_more_sessions_than_its_limit() =>
        Check.One(Thorough, Prop.ForAll(ClusterCommand.Lists, commands =>
        {
            var cluster = new ModelCluster();
            foreach (var command in commands)
            {
                command.Do(cluster);
                cluster.CheckLimit();
            }

            cluster.CheckThatAllEndWell();
        }));
}
