using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace HyperConn.Tests.Secrets;

/// <summary>Secrets Manager's wire on the loopback interface: one answer for each operation, whatever it is asked.</summary>
internal sealed class ScriptedSecretsManager : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<string, string> _answers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, JsonNode> _asked = new(StringComparer.Ordinal);

    public ScriptedSecretsManager()
    {
        _listener.Start();
        _ = ServeAsync();
    }

    public string Url => $"http://{_listener.LocalEndpoint}";

    /// <summary>Sets the answer to an operation.</summary>
    public void Answer(string operation, string body, int status = 200, string header = "X-Any: any") =>
        _answers[operation] = $"HTTP/1.1 {status} Any\r\nContent-Length: {body.Length}\r\nConnection: close\r\n{header}\r\n\r\n{body}";

    /// <summary>What was last asked of an operation.</summary>
    public JsonNode Asked(string operation) => _asked[operation];

    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync();
                await AnswerAsync(client.GetStream());
            }
        }
        catch (Exception end) when (end is ObjectDisposedException or SocketException)
        {
            // The spec is over.
        }
    }

    private async Task AnswerAsync(NetworkStream stream)
    {
        using var reader = new StreamReader(stream, Encoding.ASCII);
        var (operation, length) = ("", 0);
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
        {
            if (line.StartsWith("X-Amz-Target:", StringComparison.OrdinalIgnoreCase))
                operation = line[(line.IndexOf('.', StringComparison.Ordinal) + 1)..];
            if (line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
                length = int.Parse(line.AsSpan("Content-Length:".Length), CultureInfo.InvariantCulture);
        }

        var body = new char[length];
        await reader.ReadBlockAsync(body);
        _asked[operation] = JsonNode.Parse(new string(body))!;
        await stream.WriteAsync(Encoding.ASCII.GetBytes(_answers[operation]));
    }
}
