using Microsoft.Extensions.Logging;

namespace HyperConn.Secrets;

/// <summary>Makes the secret store that the settings name.</summary>
internal static class SecretStoreFactory
{
    /// <summary>Makes the store. It is the caller's to dispose, where it is <see cref="IDisposable"/>.</summary>
    /// <exception cref="HyperConnException">With <see cref="HyperConnErrorCode.NotConfigured"/> when its settings are incomplete.</exception>
    public static ISecretStore Create(SecretOptions options, ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger("HyperConn.Secrets");
        return options.Store?.Trim().ToLowerInvariant() switch
        {
            "aws" => new AwsSecretStore(options.Aws, logger),
            "file" => new FileSecretStore(options.File, logger),
            _ => throw new HyperConnException(new HyperConnFailure(
                HyperConnErrorCode.NotConfigured, "Secrets.Store is neither 'aws' nor 'file'.")),
        };
    }
}
