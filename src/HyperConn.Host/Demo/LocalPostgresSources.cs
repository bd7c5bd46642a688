using System.Globalization;
using MysticMind.PostgresEmbed;

namespace HyperConn.Host.Demo;

/// <summary>PostgreSQL's programs as installed on this machine.</summary>
internal sealed class InstalledPostgresSource : IPostgresSource
{
    private static readonly string[] Programs = ["initdb", "pg_ctl", "postgres"];

    public string Name => "PostgreSQL on this machine";

    public string Hint => "Debian, Ubuntu: apt-get install postgresql. Fedora: dnf install postgresql-server. macOS: brew install postgresql.";

    public async Task<PostgresServer> StartAsync(PostgresServerOptions options, CancellationToken cancellationToken)
    {
        PostgresUnavailableException? last = null;
        foreach (var folder in FindFolders())
        {
            try
            {
                return await LocalPostgres.StartAsync(folder, options, cancellationToken);
            }
            catch (PostgresUnavailableException e)
            {
                last = e;
            }
        }

        throw last ?? new PostgresUnavailableException("initdb, pg_ctl and postgres were not found (PATH, /usr/lib/postgresql, Homebrew).") { IsFault = false };
    }

    /// <summary>Folders with all three programs: PATH first, then the places of packagers, newest version first.</summary>
    internal static IEnumerable<string> FindFolders()
    {
        var path = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return path
            .Concat(Versions("/usr/lib/postgresql", ""))
            .Concat(Versions("/usr", "pgsql-"))
            .Concat(Versions("/opt/homebrew/opt", "postgresql@"))
            .Concat(Versions("/usr/local/opt", "postgresql@"))
            .Concat(Versions("/home/linuxbrew/.linuxbrew/opt", "postgresql@"))
            .Concat(Versions(@"C:\Program Files\PostgreSQL", ""))
            .Where(IsComplete)
            .Distinct(StringComparer.Ordinal);
    }

    private static IEnumerable<string> Versions(string parent, string prefix)
    {
        if (!Directory.Exists(parent))
            return [];
        return from folder in Directory.EnumerateDirectories(parent, prefix + "*")
               let text = Path.GetFileName(folder)[prefix.Length..]
               where double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _)
               orderby double.Parse(text, CultureInfo.InvariantCulture) descending
               select Path.Combine(folder, "bin");
    }

    // A link to nowhere exists, too.
    private static bool IsThere(string file) => File.Exists(file) && File.ResolveLinkTarget(file, returnFinalTarget: true) is not { Exists: false };

    private static bool IsComplete(string folder)
    {
        var suffix = OperatingSystem.IsWindows() ? ".exe" : "";
        return Programs.All(program => IsThere(Path.Combine(folder, program + suffix)));
    }
}

/// <summary>PostgreSQL's programs, downloaded once and kept in the user's cache.</summary>
internal sealed class EmbeddedPostgresSource : IPostgresSource
{
    private const string Version = "17";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    public string Name => "Download";

    public string Hint => "Allow HTTPS to Maven Central (repo1.maven.org), from where MysticMind.PostgresEmbed fetches PostgreSQL.";

    public async Task<PostgresServer> StartAsync(PostgresServerOptions options, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        string folder;
        try
        {
            await using var package = new PgServer(new PgServerOptions
            {
                PgVersion = Version,
                BinariesDir = Path.Combine(PgCache.DefaultDirectory, "binaries"),
                DownloadRetryCount = 1,
            });
            await package.InstallAsync(patience.Token);
            folder = Path.Combine(package.InstallDir, "bin");
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new PostgresUnavailableException($"failed: {e.Message}", e);
        }

        return await LocalPostgres.StartAsync(folder, options, cancellationToken);
    }
}
