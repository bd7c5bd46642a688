using Microsoft.Extensions.Logging;

namespace HyperConn.Diagnostics;

/// <summary>
/// Loggers that also record in <see cref="OperatorEvents"/> what operators want to see: the code logs each thing once, and log and events
/// always agree.
/// </summary>
internal sealed class OperatorEventLogs(ILoggerFactory inner, OperatorEvents events) : ILoggerFactory
{
    private const string CategoryPrefix = "HyperConn.";

    /// <summary>Log event ids that become operator events.</summary>
    internal static readonly IReadOnlyDictionary<int, OperatorEventKind> Kinds = new Dictionary<int, OperatorEventKind>
    {
        [1002] = OperatorEventKind.PoolCreated,
        [1003] = OperatorEventKind.PoolEvicted,
        [1004] = OperatorEventKind.PoolFailed,
        [1005] = OperatorEventKind.PoolFailed,
        [1006] = OperatorEventKind.ServerPressure,
        [1010] = OperatorEventKind.Rotated,
        [1011] = OperatorEventKind.Rotated,
        [1012] = OperatorEventKind.RefreshFailed,
        [1020] = OperatorEventKind.LoginRefused,
        [1021] = OperatorEventKind.CircuitClosed,
        [1022] = OperatorEventKind.CircuitOpened,
        [1023] = OperatorEventKind.CircuitClosed,
        [1024] = OperatorEventKind.CircuitOpened,
        [1025] = OperatorEventKind.CircuitOpened,
        [1026] = OperatorEventKind.ServerPressure,
        [1029] = OperatorEventKind.CircuitOpened,
        [1040] = OperatorEventKind.OperatorAction,
        [1050] = OperatorEventKind.LeaseHeldLong,
        [2003] = OperatorEventKind.RefreshFailed,
        [2005] = OperatorEventKind.ServerPressure,
        [2006] = OperatorEventKind.CircuitOpened,
        [2007] = OperatorEventKind.CircuitClosed,
        [3001] = OperatorEventKind.ServerPressure,
        [3002] = OperatorEventKind.ServerPressure,
        [3003] = OperatorEventKind.ServerPressure,
    };

    // HyperConn's own categories only. Npgsql gets its loggers here too; its event ids mean other things, and its hot path calls IsEnabled.
    public ILogger CreateLogger(string categoryName) => categoryName.StartsWith(CategoryPrefix, StringComparison.Ordinal)
        ? new Tee(inner.CreateLogger(categoryName), events)
        : inner.CreateLogger(categoryName);

    public void AddProvider(ILoggerProvider provider) => inner.AddProvider(provider);

    public void Dispose()
    {
        // The factory behind belongs to the container.
    }

    private sealed class Tee(ILogger inner, OperatorEvents events) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => inner.BeginScope(state);

        // Nothing below Information becomes an event, so debug lines still cost nothing while they are off.
        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information || inner.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (inner.IsEnabled(logLevel))
                inner.Log(logLevel, eventId, state, exception, formatter);
            if (!Kinds.TryGetValue(eventId.Id, out var kind))
                return;
            TenantKey? tenant = null;
            IReadOnlyList<ServerEndpoint> servers = [];
            string? detail = null, by = null;
            foreach (var (name, value) in state as IReadOnlyList<KeyValuePair<string, object?>> ?? [])
            {
                switch (name)
                {
                    case "Tenant" when value is TenantKey found:
                        tenant = found;
                        break;
                    case "Target" when value is OperatorTarget.Tenant { Key: var key }:
                        tenant = key;
                        break;
                    case "Target" when value is OperatorTarget.Server { Endpoint: var endpoint }:
                        servers = [endpoint];
                        break;
                    case "Server" when value is ServerEndpoint endpoint:
                        servers = [endpoint];
                        break;
                    case "Server" when value is string names:
                        servers = EndpointsOf(names);
                        break;
                    case "Reason" or "Code" when value is Enum:
                        detail = value.ToString();
                        break;
                    case "Verb":
                        detail = value as string;
                        break;
                    case "By":
                        by = value as string;
                        break;
                }
            }

            events.Record(kind, formatter(state, null), tenant, servers, detail, by);
        }

        // A tenant with several hosts is logged with all of them.
        private static List<ServerEndpoint> EndpointsOf(string names)
        {
            var endpoints = new List<ServerEndpoint>();
            foreach (var name in names.Split(','))
            {
                if (ServerEndpoint.TryParse(name, out var endpoint))
                    endpoints.Add(endpoint);
            }

            return endpoints;
        }
    }
}
