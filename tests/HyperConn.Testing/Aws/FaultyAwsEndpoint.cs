using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace HyperConn.Testing;

/// <summary>One request that reached the endpoint.</summary>
/// <param name="Operation">Such as <c>GetSecretValue</c>.</param>
/// <param name="Body">The request.</param>
/// <param name="Authorization">The header as it came: for looking at what was signed.</param>
public sealed record AwsCall(string Operation, JsonObject Body, string Authorization);

/// <summary>One answer.</summary>
/// <param name="Status">HTTP status; 0: the connection is cut.</param>
/// <param name="Body">Text of the body.</param>
/// <param name="ErrorType">The header that may name an error; null: it is not sent.</param>
public sealed record AwsReply(int Status, string Body, string? ErrorType = null);

/// <summary>Decides an answer instead of the endpoint; null: the sound answer after all.</summary>
public delegate Task<AwsReply?> AwsScript(AwsCall call, CancellationToken cancellationToken);

/// <summary>
/// Secrets Manager's wire on a port of the loopback interface, sound until a script says otherwise: one script for each operation,
/// or one for all.
/// </summary>
public sealed class FaultyAwsEndpoint : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<AwsCall> _calls = new();
    private readonly ConcurrentDictionary<string, AwsScript> _scripts = new(StringComparer.Ordinal);
    private readonly SecretsOfAws _secrets = new();

    private FaultyAwsEndpoint(WebApplication app) => _app = app;

    /// <summary>Address to point a client at.</summary>
    public string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    /// <summary>What arrived, retries of the client included.</summary>
    public IReadOnlyList<AwsCall> Calls => [.. _calls];

    /// <summary>Starts one.</summary>
    public static async Task<FaultyAwsEndpoint> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var endpoint = new FaultyAwsEndpoint(app);
        app.MapPost("/", endpoint.AnswerAsync);
        await app.StartAsync().ConfigureAwait(false);
        return endpoint;
    }

    /// <summary>Stores a secret.</summary>
    /// <returns>Its version id.</returns>
    public string Put(string name, string text) => _secrets.Put(name, text);

    /// <summary>How many requests of an operation arrived.</summary>
    public int Count(string operation) => _calls.Count(call => call.Operation == operation);

    /// <summary>Forgets what arrived until now: for runs that last.</summary>
    public void ForgetCalls() => _calls.Clear();

    /// <summary>Answers an operation by a script from now on; null: soundly again.</summary>
    /// <param name="operation">Such as <c>BatchGetSecretValue</c>; <c>*</c>: those without a script of their own.</param>
    /// <param name="script">The script.</param>
    public void Script(string operation, AwsScript? script)
    {
        if (script is null)
            _scripts.TryRemove(operation, out _);
        else
            _scripts[operation] = script;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await _app.DisposeAsync().ConfigureAwait(false);

    private async Task AnswerAsync(HttpContext context)
    {
        var body = await JsonSerializer.DeserializeAsync<JsonObject>(
            context.Request.Body, cancellationToken: context.RequestAborted).ConfigureAwait(false);
        var operation = context.Request.Headers["X-Amz-Target"].ToString().Split('.')[^1];
        var call = new AwsCall(operation, body ?? [], context.Request.Headers.Authorization.ToString());
        _calls.Enqueue(call);
        var script = _scripts.GetValueOrDefault(operation) ?? _scripts.GetValueOrDefault("*");
        AwsReply? reply = null;
        try
        {
            if (script is not null)
                reply = await script(call, context.RequestAborted).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        reply ??= _secrets.Answer(call);
        if (reply.Status == 0)
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = reply.Status;
        context.Response.ContentType = "application/x-amz-json-1.1";
        if (reply.ErrorType is not null)
            context.Response.Headers["x-amzn-ErrorType"] = reply.ErrorType;
        await context.Response.WriteAsync(reply.Body).ConfigureAwait(false);
    }
}
