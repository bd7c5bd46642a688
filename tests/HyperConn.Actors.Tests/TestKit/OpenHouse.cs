using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace HyperConn.Tests;

/// <summary>
/// Speaks as much of PostgreSQL's protocol as it takes to let anybody in, and answers every statement with nothing (PostgreSQL manual, 53.7).
/// Types are not to be loaded from it.
/// </summary>
internal sealed class OpenHouse : IDisposable
{
    private const int FirstEncryptionCode = 80877103;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<TcpClient> _clients = [];
    private int _arrived;
    private int _sessions;

    public OpenHouse()
    {
        _listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>Where it listens, as a connection string names it.</summary>
    public string Host => _listener.LocalEndpoint.ToString()!;

    /// <summary>Clients that asked to be let in so far.</summary>
    public int Arrived => Volatile.Read(ref _arrived);

    /// <summary>Logins so far.</summary>
    public int Sessions => Volatile.Read(ref _sessions);

    /// <summary>What a login waits for.</summary>
    public Task Door { get; set; } = Task.CompletedTask;

    /// <summary>Whether a login needs a password, which may be any.</summary>
    public bool AsksPassword { get; set; }

    /// <summary>Ends all sessions.</summary>
    public void Cut()
    {
        while (_clients.TryTake(out var client))
            client.Dispose();
    }

    public void Dispose()
    {
        _listener.Dispose();
        Cut();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                _clients.Add(client);
                _ = ServeAsync(client);
            }
        }
        catch (Exception over) when (over is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The test has ended.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            var stream = client.GetStream();
            while (Code(await ReadAsync(stream)) >= FirstEncryptionCode)
                await stream.WriteAsync("N"u8.ToArray());
            Interlocked.Increment(ref _arrived);
            await Door;
            if (AsksPassword)
            {
                await stream.WriteAsync(Message('R', [0, 0, 0, 3]));
                await stream.ReadExactlyAsync(new byte[1]);
                await ReadAsync(stream);
            }

            await stream.WriteAsync(Welcome(Interlocked.Increment(ref _sessions)));
            var state = (byte)'I';
            while (true)
            {
                var type = new byte[1];
                await stream.ReadExactlyAsync(type);
                var body = await ReadAsync(stream);
                var text = Encoding.UTF8.GetString(body);
                if (text.StartsWith("BEGIN", StringComparison.Ordinal))
                    state = (byte)'T';
                else if (text.StartsWith("ROLLBACK", StringComparison.Ordinal) || text.StartsWith("COMMIT", StringComparison.Ordinal))
                    state = (byte)'I';
                await stream.WriteAsync(Reply((char)type[0], text, state));
            }
        }
        catch (Exception over) when (over is IOException or SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The client has gone, or was cut.
        }
    }

    private static int Code(byte[] startup) => BinaryPrimitives.ReadInt32BigEndian(startup);

    private static async Task<byte[]> ReadAsync(NetworkStream stream)
    {
        var length = new byte[4];
        await stream.ReadExactlyAsync(length);
        var body = new byte[BinaryPrimitives.ReadInt32BigEndian(length) - 4];
        await stream.ReadExactlyAsync(body);
        return body;
    }

    private static byte[] Welcome(int process) =>
    [
        .. Message('R', [0, 0, 0, 0]),
        .. Message('S', "server_version\016.0\0"u8),
        .. Message('S', "client_encoding\0UTF8\0"u8),
        .. Message('S', "standard_conforming_strings\0on\0"u8),
        .. Message('K', [0, 0, (byte)(process >> 8), (byte)process, 0, 0, 0, 1]),
        .. Message('Z', "I"u8),
    ];

    private static byte[] Reply(char type, string text, byte state) => type switch
    {
        'Q' => [.. Message('C', "SELECT 0\0"u8), .. Message('Z', [state])],
        'P' => Message('1', []),
        'B' => Message('2', []),
        'D' => text.StartsWith('S') ? [.. Message('t', [0, 0]), .. Message('n', [])] : Message('n', []),
        'E' => Message('C', "SELECT 0\0"u8),
        'C' => Message('3', []),
        'S' => Message('Z', [state]),
        _ => [],
    };

    private static byte[] Message(char type, ReadOnlySpan<byte> body)
    {
        var message = new byte[5 + body.Length];
        message[0] = (byte)type;
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(1), 4 + body.Length);
        body.CopyTo(message.AsSpan(5));
        return message;
    }
}
