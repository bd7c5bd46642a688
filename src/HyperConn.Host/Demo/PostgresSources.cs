using System.Text;

namespace HyperConn.Host.Demo;

/// <summary>One way to come by a PostgreSQL server.</summary>
internal interface IPostgresSource
{
    /// <summary>What it is, for people.</summary>
    string Name { get; }

    /// <summary>What to do to make it work here.</summary>
    string Hint { get; }

    /// <summary>Gets a server.</summary>
    /// <exception cref="PostgresUnavailableException">This way does not work here; the message says why.</exception>
    Task<PostgresServer> StartAsync(PostgresServerOptions options, CancellationToken cancellationToken);
}

/// <summary>There is no PostgreSQL server to be had, and why.</summary>
internal sealed class PostgresUnavailableException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>Whether something is wrong, rather than just not there.</summary>
    public bool IsFault { get; init; } = true;
}

/// <summary>The ways to come by a server, in the order they are tried.</summary>
internal static class PostgresSources
{
    /// <summary>A given server, PostgreSQL on this machine, a download.</summary>
    public static IReadOnlyList<IPostgresSource> Default { get; } =
        [new ExternalPostgresSource(), new InstalledPostgresSource(), new EmbeddedPostgresSource()];

    /// <summary>Takes the first way that works.</summary>
    /// <param name="options">How to set the server up.</param>
    /// <param name="sources">Ways to try; null: <see cref="Default"/>.</param>
    /// <param name="notice">Told what is wrong with a way that was passed over; null: nobody.</param>
    /// <param name="cancellationToken">Stops trying.</param>
    /// <exception cref="PostgresUnavailableException">No way works; the message lists each with the reason and the remedy.</exception>
    public static async Task<PostgresServer> StartAsync(
        PostgresServerOptions options,
        IReadOnlyList<IPostgresSource>? sources = null,
        Action<string>? notice = null,
        CancellationToken cancellationToken = default)
    {
        var passedOver = new List<(IPostgresSource Source, PostgresUnavailableException Why)>();
        foreach (var source in sources ?? Default)
        {
            try
            {
                var server = await source.StartAsync(options, cancellationToken);
                foreach (var (other, why) in passedOver.Where(other => other.Why.IsFault))
                    notice?.Invoke($"{other.Name}: {why.Message}");
                return server;
            }
            catch (PostgresUnavailableException e)
            {
                passedOver.Add((source, e));
            }
        }

        var tried = new StringBuilder("No PostgreSQL server to work with. Any one of these will do:");
        foreach (var (source, why) in passedOver)
        {
            tried.AppendLine().Append("  - ").Append(source.Name).Append(": ").Append(why.Message)
                .AppendLine().Append("    ").Append(source.Hint);
        }

        throw new PostgresUnavailableException(tried.ToString());
    }
}
