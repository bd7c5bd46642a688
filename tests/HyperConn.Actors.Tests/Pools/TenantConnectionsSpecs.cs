using HyperConn.Leases;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace HyperConn.Tests.Pools;

public sealed class TenantConnectionsSpecs : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=u;Password=p");
    private readonly TenantConnections _connections;

    public TenantConnectionsSpecs() => _connections = new TenantConnections(_source, _time, maxConnections: 2);

    public void Dispose() => _source.Dispose();

    [Fact]
    public async Task Where_none_is_idle_nothing_is_begun_and_the_connection_can_still_be_opened()
    {
        await using var connection = _source.CreateConnection();
        var opening = TenantConnections.OpenIdle(connection);
        Assert.True(opening.IsCanceled);
        Assert.Equal(System.Data.ConnectionState.Closed, connection.State);
        await Assert.ThrowsAsync<NpgsqlException>(() => connection.OpenAsync());
    }

    [Fact]
    public async Task The_data_source_is_disposed_when_its_successor_had_time_to_be_made()
    {
        _connections.DisposeLater();
        await AssertOpenThrowsAsync<NpgsqlException>();
        _time.Advance(TimeSpan.FromMilliseconds(10));
        Assert.True(SpinWait.SpinUntil(IsDisposed, TimeSpan.FromSeconds(30)));
    }

    [Theory]
    [InlineData("prefer-primary", true)]
    [InlineData("prefer-standby", true)]
    [InlineData("primary", false)]
    [InlineData("any", false)]
    public async Task Idle_ones_are_taken_of_the_preferred_kind_of_host_where_there_is_one(string wanted, bool prefers)
    {
        await using var several = new NpgsqlDataSourceBuilder($"Host=127.0.0.1,127.0.0.2;Port=1;Username=u;Password=p;Target Session Attributes={wanted}").Build();
        Assert.Equal(prefers, new TenantConnections(several, _time, maxConnections: 2).PrefersHosts);
        Assert.False(_connections.PrefersHosts);
    }

    [Fact]
    public void Processes_are_remembered_until_they_can_be_none_of_the_pools_any_more()
    {
        Assert.Empty(_connections.Sessions);
        foreach (var process in Enumerable.Range(1, 100))
        {
            _time.Advance(TimeSpan.FromMilliseconds(1));
            _connections.NoteSession(process);
        }

        var kept = _connections.Sessions.Select(session => session.Process).ToArray();
        Assert.Contains(100, kept);
        Assert.Contains(99, kept);
        Assert.InRange(kept.Length, 2, 20);
    }

    private async Task AssertOpenThrowsAsync<TException>()
        where TException : Exception
    {
        await using var connection = _source.CreateConnection();
        await Assert.ThrowsAsync<TException>(() => connection.OpenAsync());
    }

    private bool IsDisposed()
    {
        try
        {
            _source.OpenConnection().Dispose();
            return false;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }
}
