using Microsoft.Extensions.Logging;

namespace HyperConn.Tests;

/// <summary>One logger for all categories.</summary>
internal sealed class OneLogger(ILogger logger) : ILoggerFactory
{
    public ILogger CreateLogger(string categoryName) => logger;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }
}
