using System.Buffers;
using System.Net;
using System.Text.Json;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.Runtime.Internal.Transform;
using Amazon.SecretsManager.Model;

namespace Amazon.SecretsManager;

/// <summary>An answer of Secrets Manager other than success.</summary>
internal sealed class AmazonSecretsManagerException(string message, ErrorType type, string code, string? requestId, HttpStatusCode status)
    : AmazonServiceException(message, type, code, requestId, status);

/// <summary>AWS's JSON 1.1 protocol: one POST to <c>/</c>, the operation in a header.</summary>
internal static class JsonWire
{
    public static IMarshaller<IRequest, AmazonWebServiceRequest> Marshaller { get; } = new RequestMarshaller();

    private sealed class RequestMarshaller : IMarshaller<IRequest, AmazonWebServiceRequest>
    {
        public IRequest Marshall(AmazonWebServiceRequest input)
        {
            var call = (SecretsManagerRequest)input;
            var request = new DefaultRequest(input, "Amazon.SecretsManager") { HttpMethod = "POST", ResourcePath = "/" };
            request.Headers["X-Amz-Target"] = "secretsmanager." + call.Operation;
            request.Headers["Content-Type"] = "application/x-amz-json-1.1";
            var body = new ArrayBufferWriter<byte>();
            using (var writer = new Utf8JsonWriter(body))
            {
                writer.WriteStartObject();
                call.Write(writer);
                writer.WriteEndObject();
            }

            request.Content = body.WrittenSpan.ToArray();
            return request;
        }
    }
}

/// <summary>Reads answers of one kind.</summary>
internal sealed class JsonWire<TResponse> : JsonResponseUnmarshaller
    where TResponse : SecretsManagerResponse, new()
{
    public static JsonWire<TResponse> Unmarshaller { get; } = new();

    public override AmazonWebServiceResponse Unmarshall(JsonUnmarshallerContext input)
    {
        using var document = JsonDocument.Parse(input.Stream);
        var response = new TResponse();
        response.Read(document.RootElement);
        return response;
    }

    public override AmazonServiceException UnmarshallException(JsonUnmarshallerContext input, Exception innerException, HttpStatusCode statusCode)
    {
        var code = input.ResponseData.GetHeaderValue("x-amzn-ErrorType");
        var message = "";
        try
        {
            using var document = JsonDocument.Parse(input.Stream);
            var root = document.RootElement;
            code = string.IsNullOrEmpty(code) ? root.Text("__type") ?? root.Text("code") : code;
            message = root.Text("message") ?? root.Text("Message") ?? "";
        }
        catch (JsonException)
        {
            // A proxy's page or nothing at all: the status is all there is to go by.
        }

        return new AmazonSecretsManagerException(
            message,
            (int)statusCode < 500 ? ErrorType.Sender : ErrorType.Receiver,
            Bare(code),
            input.ResponseData.GetHeaderValue("x-amzn-RequestId"),
            statusCode);
    }

    // "com.amazonaws.secretsmanager#ResourceNotFoundException:http://…" and its shorter forms.
    private static string Bare(string? code)
    {
        if (string.IsNullOrEmpty(code))
            return "";
        var end = code.IndexOf(':', StringComparison.Ordinal);
        if (end >= 0)
            code = code[..end];
        return code[(code.LastIndexOf('#') + 1)..];
    }
}

/// <summary>Reads of JSON that take what isn't there for null.</summary>
internal static class JsonReading
{
    public static string? Text(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    public static MemoryStream? Binary(this JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? new MemoryStream(value.GetBytesFromBase64()) : null;

    public static List<T> Items<T>(this JsonElement element, string name, Func<JsonElement, T> read) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(read)] : [];
}
