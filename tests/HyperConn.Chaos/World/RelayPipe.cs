using System.Net.Sockets;
using System.Threading.Channels;

namespace HyperConn.Chaos.World;

/// <summary>One direction of a relayed connection. What arrives is taken in at once, so that an end is seen though nothing is passed on.</summary>
/// <param name="from">Where it comes from.</param>
/// <param name="to">Where it goes.</param>
/// <param name="gate">Waited for before each piece is passed on.</param>
/// <param name="ended">Told as soon as the sender has closed its side.</param>
/// <param name="began">Shown what the sender says first; null: nobody wants to know.</param>
internal sealed class RelayPipe(Socket from, Socket to, Func<long, CancellationToken, Task> gate, Action ended, Action<byte[]>? began = null)
{
    private readonly Channel<(byte[] Bytes, long At)> _pieces = Channel.CreateUnbounded<(byte[] Bytes, long At)>();

    /// <summary>Passes everything on until the sender ends, then says so to the receiver.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(TakeInAsync(stop), PassOnAsync(stop));

    private async Task TakeInAsync(CancellationToken stop)
    {
        var bytes = new byte[16 * 1024];
        var isFirst = true;
        try
        {
            while (await from.ReceiveAsync(bytes, stop) is > 0 and var count)
            {
                var piece = bytes[..count];
                if (isFirst)
                    began?.Invoke(piece);
                isFirst = false;
                _pieces.Writer.TryWrite((piece, Environment.TickCount64));
            }
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // An end, too.
        }
        finally
        {
            ended();
            _pieces.Writer.TryComplete();
        }
    }

    private async Task PassOnAsync(CancellationToken stop)
    {
        await foreach (var (bytes, at) in _pieces.Reader.ReadAllAsync(stop))
        {
            await gate(at, stop);
            for (var sent = 0; sent < bytes.Length;)
                sent += await to.SendAsync(bytes.AsMemory(sent), stop);
        }

        // The end is news like any other: in a black hole it does not arrive.
        await gate(Environment.TickCount64, stop);
        stop.ThrowIfCancellationRequested();
        to.Shutdown(SocketShutdown.Send);
    }
}
