using HyperConn.Host.Demo;
using HyperConn.Tests;
using Npgsql;

namespace HyperConn.Chaos.World;

/// <summary>
/// A primary and its standby, which change places. A commit is acknowledged once the standby has it, so that no acknowledged write is lost when
/// it takes over.
/// </summary>
internal sealed class ReplicatedServer : PostgresServer
{
    private readonly TcpRelay _admin;

    private ReplicatedServer(ReplicaNode primary, ReplicaNode standby)
    {
        (Primary, Standby) = (primary, standby);
        _admin = new TcpRelay("127.0.0.1", primary.Port);
    }

    /// <summary>Whoever takes writes.</summary>
    public ReplicaNode Primary { get; private set; }

    public ReplicaNode Standby { get; private set; }

    public override string Description => "a primary and its standby";

    public override string Host => "127.0.0.1";

    /// <summary>Where administrators find the primary, whichever it is.</summary>
    public override int Port => _admin.Port;

    public static async Task<ReplicatedServer> StartAsync()
    {
        var (primary, standby) = await ReplicaNode.StartPairAsync();
        return new ReplicatedServer(primary, standby);
    }

    public override NpgsqlConnectionStringBuilder Admin(string? database = null)
    {
        var admin = Primary.Admin();
        admin.Port = Port;
        admin.Database = database ?? "postgres";
        return admin;
    }

    /// <summary>Starts the primary again after it was killed; its old processes hold its memory for a moment.</summary>
    public async Task RestartPrimaryAsync()
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                await Primary.StartAsync();
                return;
            }
            catch (InvalidOperationException) when (tries < 100)
            {
                await Task.Delay(100);
            }
        }
    }

    /// <summary>The standby takes over from a primary that is dead.</summary>
    public async Task PromoteAsync()
    {
        await Standby.PromoteAsync();
        (Primary, Standby) = (Standby, Primary);
        _admin.MoveTo("127.0.0.1", Primary.Port);
    }

    /// <summary>The old primary comes back as the standby of the new one.</summary>
    public async Task RejoinAsync()
    {
        // What is copied must not wait for a standby of its own once it is promoted itself.
        await Primary.ExecuteAsync("alter system reset synchronous_standby_names");
        await Primary.ExecuteAsync("select pg_reload_conf()");
        await Standby.FollowAsync(Primary);
        await Primary.ExecuteAsync("alter system set synchronous_standby_names = '*'");
        await Primary.ExecuteAsync("select pg_reload_conf()");
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await _admin.DisposeAsync();
        await Standby.DisposeAsync();
        await Primary.DisposeAsync();
    }
}
