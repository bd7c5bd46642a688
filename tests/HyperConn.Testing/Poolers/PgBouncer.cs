using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using HyperConn.Host.Demo;
using Npgsql;

namespace HyperConn.Tests;

/// <summary>
/// A PgBouncer in front of PostgreSQL, on a free port of the loopback interface: whoever may log in to the server may log in here, with the
/// same password. Gone when disposed, and also when this process dies.
/// </summary>
internal sealed class PgBouncer : IAsyncDisposable
{
    // Waits for the end of its standard input, which the kernel closes however we end, unless the pooler ends before.
    private const string WatchScript =
        """
        trap '' INT TERM HUP QUIT
        "$0" -q "$1/pgbouncer.ini" &
        cat > /dev/null
        kill -9 $! 2> /dev/null
        rm -rf "$1"
        """;

    private static readonly string[] Places = ["/usr/sbin/pgbouncer", "/usr/local/sbin/pgbouncer", "/usr/local/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer"];

    private readonly LocalAccount _account;
    private readonly string _folder;
    private readonly string _program;
    private readonly PgBouncerOptions _options;
    private readonly NpgsqlConnectionStringBuilder _admin;
    private Process? _watch;

    private PgBouncer(LocalAccount account, string folder, string program, PgBouncerOptions options, NpgsqlConnectionStringBuilder admin) =>
        (_account, _folder, _program, _options, _admin) = (account, folder, program, options, admin);

    public int Port { get; private set; }

    /// <summary>Starts one. Skips the test where the program isn't installed.</summary>
    /// <param name="server">The server behind.</param>
    /// <param name="options">How it is set up.</param>
    public static async Task<PgBouncer> StartAsync(PostgresServer server, PgBouncerOptions options)
    {
        var program = Find();
        MachinePart.PgBouncer.Need(program is not null, "PgBouncer is not installed (Debian, Ubuntu: apt-get install pgbouncer).");
        var account = await LocalAccount.FindAsync(CancellationToken.None);
        var pooler = new PgBouncer(account, await account.CreateFolderAsync("hyperconn-pgbouncer-", CancellationToken.None), program, options, server.Admin())
        {
            Port = FindFreePort(),
        };
        try
        {
            await pooler.ConfigureAsync(server);
            await pooler.RunAsync();
            return pooler;
        }
        catch
        {
            await pooler.DisposeAsync();
            throw;
        }
    }

    /// <summary>The same credentials through this pooler.</summary>
    public string Through(ProvisionedTenant tenant)
    {
        var uri = tenant.ConnectionUri;
        var host = uri.IndexOf('@');
        return $"{uri[..host]}@127.0.0.1:{Port}{uri[uri.LastIndexOf('/')..]}?sslmode=disable";
    }

    /// <summary>Ends the pooler as kill -9 does, and starts it again on the same port.</summary>
    public async Task RestartAsync(TimeSpan away)
    {
        await EndAsync(keepFolder: true);
        await Task.Delay(away);
        await RunAsync();
    }

    /// <summary>Clients of the pooler now whose users begin so.</summary>
    public async Task<int> CountClientsAsync(string prefix)
    {
        // Its console knows the simple protocol only, which Npgsql doesn't speak.
        var psql = InstalledPostgresSource.FindFolders().Select(folder => Path.Combine(folder, "psql")).FirstOrDefault(File.Exists);
        MachinePart.Postgres.Need(psql is not null, "psql is not installed (Debian, Ubuntu: apt-get install postgresql-client).");
        var start = new ProcessStartInfo(psql, ["-h", "127.0.0.1", "-p", $"{Port}", "-U", _admin.Username!, "-d", "pgbouncer", "-XAtc", "SHOW CLIENTS"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["PGPASSWORD"] = _admin.Password },
        };
        using var process = Process.Start(start)!;
        var lines = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"psql failed at PgBouncer's console: {await process.StandardError.ReadToEndAsync()}");
        return lines.Split('\n').Count(line => line.Split('|') is [_, var user, ..] && user.StartsWith(prefix, StringComparison.Ordinal));
    }

    /// <summary>All it has logged, before it was restarted, too.</summary>
    public async Task<string> ReadLogAsync()
    {
        var log = Path.Combine(_folder, "log");
        return File.Exists(log) ? await File.ReadAllTextAsync(log) : "no log";
    }

    public async ValueTask DisposeAsync() => await EndAsync(keepFolder: false);

    private static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(folder => Path.Combine(folder, "pgbouncer"))
        .Concat(Places)
        .FirstOrDefault(File.Exists);

    private async Task ConfigureAsync(PostgresServer server)
    {
        var text = new StringBuilder()
            .AppendLine("[databases]");
        foreach (var (database, other) in _options.Databases)
            text.AppendLine(CultureInfo.InvariantCulture, $"{database} = host={other.Host} port={other.Port}");
        text.AppendLine(CultureInfo.InvariantCulture, $"* = host={server.Host} port={server.Port}")
            .AppendLine("[pgbouncer]")
            .AppendLine("listen_addr = 127.0.0.1")
            .AppendLine(CultureInfo.InvariantCulture, $"listen_port = {Port}")
            .AppendLine("unix_socket_dir =")
            .AppendLine("auth_type = scram-sha-256")
            .AppendLine(CultureInfo.InvariantCulture, $"auth_file = {_folder}/users.txt")
            .AppendLine(CultureInfo.InvariantCulture, $"auth_user = {_admin.Username}")
            .AppendLine(CultureInfo.InvariantCulture, $"admin_users = {_admin.Username}")
            .AppendLine(CultureInfo.InvariantCulture, $"pool_mode = {_options.Mode}")
            .AppendLine(CultureInfo.InvariantCulture, $"logfile = {_folder}/log")
            .AppendLine("server_idle_timeout = 2");
        foreach (var (name, value) in _options.Settings)
            text.AppendLine(CultureInfo.InvariantCulture, $"{name} = {value}");
        await File.WriteAllTextAsync(Path.Combine(_folder, "pgbouncer.ini"), text.ToString());
        var users = _options.Users.Prepend(new TenantLogin(_admin.Username!, _admin.Password!));
        await File.WriteAllLinesAsync(Path.Combine(_folder, "users.txt"), users.Select(login => $"{Quote(login.User)} {Quote(login.Password)}"));
        await _account.GiveAsync(_folder, CancellationToken.None);
    }

    private static string Quote(string text) => $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private async Task RunAsync()
    {
        _watch = _account.Start("/", "sh", ["-c", WatchScript, _program, _folder]);
        var patience = Stopwatch.StartNew();
        while (!await IsListeningAsync())
        {
            if (patience.Elapsed > TimeSpan.FromSeconds(20))
                throw new InvalidOperationException($"PgBouncer does not listen: {await ReadLogAsync()}");
            await Task.Delay(20);
        }
    }

    private async Task EndAsync(bool keepFolder)
    {
        if (Interlocked.Exchange(ref _watch, null) is not { } watch)
        {
            if (!keepFolder && Directory.Exists(_folder))
                Directory.Delete(_folder, recursive: true);
            return;
        }

        var kept = _folder + "-kept";
        if (keepFolder)
            Directory.Move(_folder, kept);
        using (watch)
        {
            watch.StandardInput.Close();
            await watch.WaitForExitAsync();
        }

        if (keepFolder)
            Directory.Move(kept, _folder);
    }

    private async Task<bool> IsListeningAsync()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FindFreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>How a <see cref="PgBouncer"/> is set up.</summary>
internal sealed record PgBouncerOptions(string Mode)
{
    public const string Session = "session";
    public const string Transaction = "transaction";

    /// <summary>It tries a server that refused its login again after a second, not after 15.</summary>
    public static readonly IReadOnlyDictionary<string, string> QuickRetry = new Dictionary<string, string>(StringComparer.Ordinal) { ["server_login_retry"] = "1" };

    /// <summary>Further settings, by name; anything else is PgBouncer's default.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Users it knows by itself, without asking the server.</summary>
    public IReadOnlyList<TenantLogin> Users { get; init; } = [];

    /// <summary>Databases that are on another server, by name.</summary>
    public IReadOnlyDictionary<string, PostgresServer> Databases { get; init; } = new Dictionary<string, PostgresServer>(StringComparer.Ordinal);
}
