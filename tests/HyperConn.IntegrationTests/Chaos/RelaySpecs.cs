using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using HyperConn.Chaos.World;

namespace HyperConn.Tests.Chaos;

/// <summary>What the network of the run does to those who use it.</summary>
[SuppressMessage("Design", "CA1001", Justification = "xunit disposes by IAsyncLifetime.")]
public sealed class RelaySpecs : IAsyncLifetime
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Never = TimeSpan.FromMilliseconds(300);

    private readonly TcpListener _server = new(IPAddress.Loopback, 0);
    private readonly TcpClient _client = new();
    private Relay _relay = null!;
    private TcpClient _served = null!;

    public async Task InitializeAsync()
    {
        _server.Start();
        _relay = new Relay(((IPEndPoint)_server.LocalEndpoint).Port);
        await _client.ConnectAsync(IPAddress.Loopback, _relay.Port);
        _served = await _server.AcceptTcpClientAsync();
        await SendAsync(_client, 1);
        Assert.Equal(1, await ReceiveAsync(_served));
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        _served.Dispose();
        _server.Stop();
        await _relay.DisposeAsync();
    }

    [Fact]
    public async Task What_is_sent_arrives_in_both_directions_and_so_does_an_end()
    {
        await SendAsync(_served, 2);
        Assert.Equal(2, await ReceiveAsync(_client));
        Assert.Contains(((IPEndPoint)_served.Client.RemoteEndPoint!).Port, _relay.LivePorts());
        _client.Client.Shutdown(SocketShutdown.Send);
        Assert.Equal(-1, await ReceiveAsync(_served));
        Assert.Empty(_relay.LivePorts());
    }

    [Fact]
    public async Task A_black_hole_keeps_what_is_sent_and_a_client_that_closes_in_it_is_known()
    {
        _relay.OpenBlackHole();
        await SendAsync(_client, 3);
        _client.Client.Shutdown(SocketShutdown.Send);
        var received = ReceiveAsync(_served);
        await Assert.ThrowsAsync<TimeoutException>(() => received.WaitAsync(Never));
        Assert.Equal(0, _relay.Clients);
        _relay.Heal();
        Assert.Equal(3, await received);
        Assert.Equal(-1, await ReceiveAsync(_served));
    }

    [Fact]
    public async Task A_cut_resets_both_sides()
    {
        _relay.Cut();
        await Assert.ThrowsAnyAsync<IOException>(() => ReceiveAsync(_client));
        await Assert.ThrowsAnyAsync<IOException>(() => ReceiveAsync(_served));
    }

    [Fact]
    public async Task Of_a_half_open_connection_the_client_is_told_nothing()
    {
        _relay.HalfOpen();
        await Assert.ThrowsAnyAsync<IOException>(() => ReceiveAsync(_served));
        var received = ReceiveAsync(_client);
        await SendAsync(_client, 4);
        await Assert.ThrowsAsync<TimeoutException>(() => received.WaitAsync(Never));
        Assert.Equal(1, _relay.Clients);
    }

    [Fact]
    public async Task A_request_to_cancel_has_a_connection_and_is_no_session()
    {
        using var second = new TcpClient();
        await second.ConnectAsync(IPAddress.Loopback, _relay.Port);
        using var served = await _server.AcceptTcpClientAsync();
        await second.GetStream().WriteAsync(new byte[] { 0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 0, 1, 0, 0, 0, 2 });
        var request = new byte[16];
        await served.GetStream().ReadExactlyAsync(request).AsTask().WaitAsync(Soon);
        Assert.Equal(1, _relay.Clients);
        Assert.DoesNotContain(((IPEndPoint)served.Client.RemoteEndPoint!).Port, _relay.LivePorts());
    }

    [Fact]
    public async Task New_connections_are_dropped_while_old_ones_go_on()
    {
        _relay.Dropping = true;
        using var another = new TcpClient();
        var dropped = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await another.ConnectAsync(IPAddress.Loopback, _relay.Port);
            await ReceiveAsync(another);
        });
        Assert.True(dropped is IOException or SocketException, $"{dropped}");
        await SendAsync(_client, 5);
        Assert.Equal(5, await ReceiveAsync(_served));
    }

    private static async Task SendAsync(TcpClient from, byte value) => await from.GetStream().WriteAsync(new[] { value });

    private static async Task<int> ReceiveAsync(TcpClient at)
    {
        var bytes = new byte[1];
        return await at.GetStream().ReadAsync(bytes).AsTask().WaitAsync(Soon) == 0 ? -1 : bytes[0];
    }
}
