using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using HyperConn.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace HyperConn.Events.Sqs.Tests;

/// <summary>Decides an answer. <c>next</c> asks the queue behind with a body, which may be another than came.</summary>
internal delegate Task<AwsReply> SqsScript(JsonObject body, Func<JsonObject, Task<AwsReply>> next, CancellationToken ct);

/// <summary>SQS's wire in front of an emulator: it passes everything on, until a script for an operation says otherwise.</summary>
internal sealed class FaultySqs : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _behind;
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(60) };
    private readonly ConcurrentDictionary<string, SqsScript> _scripts = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<(string Operation, JsonObject Body)> _calls = new();

    private FaultySqs(WebApplication app, string behind) => (_app, _behind) = (app, behind);

    public string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public static async Task<FaultySqs> StartAsync(string behind)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var endpoint = new FaultySqs(app, behind);
        app.MapPost("/{**path}", endpoint.AnswerAsync);
        await app.StartAsync();
        return endpoint;
    }

    /// <summary>Bodies of the requests of an operation that arrived.</summary>
    public IReadOnlyList<JsonObject> Calls(string operation) => [.. _calls.Where(call => call.Operation == operation).Select(call => call.Body)];

    /// <summary>Answers an operation by a script from now on; null: passes it on again.</summary>
    public void Script(string operation, SqsScript? script)
    {
        if (script is null)
            _scripts.TryRemove(operation, out _);
        else
            _scripts[operation] = script;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _client.Dispose();
    }

    /// <summary>An error as SQS words it.</summary>
    public static AwsReply Error(int status, string code) => new(status, $$"""{"__type":"com.amazonaws.sqs#{{code}}","message":"from a script"}""");

    /// <summary>A fault for some of the calls, by their number from 1.</summary>
    public static SqsScript Sometimes(Func<int, bool> which, Func<CancellationToken, Task<AwsReply>> fault)
    {
        var calls = 0;
        return (body, next, ct) => which(Interlocked.Increment(ref calls)) ? fault(ct) : next(body);
    }

    /// <summary>Refuses some entries of batches, which never reach the queue.</summary>
    public static SqsScript Refuse(Func<JsonNode, bool> which, string code, bool senderFault) => async (body, next, _) =>
    {
        var entries = body["Entries"]!.AsArray().Select(entry => entry!.DeepClone()).ToList();
        var refused = entries.Where(which).ToList();
        var passed = entries.Except(refused).ToList();
        var answer = new JsonObject { ["Successful"] = new JsonArray(), ["Failed"] = new JsonArray() };
        if (passed.Count > 0)
        {
            var changed = body.DeepClone().AsObject();
            changed["Entries"] = new JsonArray([.. passed.Select(entry => entry.DeepClone())]);
            answer = JsonNode.Parse((await next(changed)).Body)!.AsObject();
        }

        var failed = answer["Failed"]?.AsArray() ?? [];
        foreach (var entry in refused)
            failed.Add(new JsonObject { ["Id"] = entry["Id"]!.DeepClone(), ["SenderFault"] = senderFault, ["Code"] = code, ["Message"] = "from a script" });
        answer.Remove("Failed");
        answer["Failed"] = failed.DeepClone();
        return new AwsReply(200, answer.ToJsonString());
    };

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var body = JsonNode.Parse(await reader.ReadToEndAsync())!.AsObject();
        var operation = context.Request.Headers["X-Amz-Target"].ToString().Split('.')[^1];
        _calls.Enqueue((operation, body));
        AwsReply reply;
        try
        {
            reply = _scripts.TryGetValue(operation, out var script)
                ? await script(body, changed => PassOnAsync(context, changed), context.RequestAborted)
                : await PassOnAsync(context, body);
        }
        catch (Exception e) when (e is OperationCanceledException or HttpRequestException)
        {
            context.Abort();
            return;
        }

        if (reply.Status == 0)
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = reply.Status;
        context.Response.ContentType = "application/x-amz-json-1.0";
        await context.Response.WriteAsync(reply.Body);
    }

    private async Task<AwsReply> PassOnAsync(HttpContext context, JsonObject body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _behind + context.Request.Path);
        request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/x-amz-json-1.0");
        request.Headers.Host = context.Request.Host.Value;
        foreach (var name in new[] { "X-Amz-Target", "Authorization", "X-Amz-Date" })
            request.Headers.TryAddWithoutValidation(name, context.Request.Headers[name].ToString());
        using var answer = await _client.SendAsync(request, context.RequestAborted);
        return new AwsReply((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(context.RequestAborted));
    }
}
