using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using HyperConn.Host.Demo;
using Npgsql;

namespace HyperConn.Tests;

/// <summary>
/// One of two servers that replicate (<c>pg_basebackup</c>, streaming): may be killed, promoted, and made a standby of the other. Listens on the
/// loopback interface only. Gone when disposed, and also when this process dies.
/// </summary>
internal sealed class ReplicaNode : IAsyncDisposable
{
    private const string AdminUser = "postgres";

    private const string WatchScript =
        """
        trap '' INT TERM HUP QUIT
        cat > /dev/null
        "$0/pg_ctl" stop -D "$1/data" -m immediate -s -w -t 20 > /dev/null 2>&1
        rm -rf "$1" > /dev/null 2>&1
        """;

    private readonly LocalAccount _account;
    private readonly string _binaries;
    private readonly string _folder;
    private readonly string _password;
    private readonly Process _watch;

    private ReplicaNode(LocalAccount account, string binaries, string folder, string password)
    {
        (_account, _binaries, _folder, _password) = (account, binaries, folder, password);
        _watch = account.Start("/", "sh", ["-c", WatchScript, binaries, folder]);
        Port = FindFreePort();
    }

    public int Port { get; }

    /// <summary>The administrator's settings.</summary>
    public NpgsqlConnectionStringBuilder Admin() => new()
    {
        Host = "127.0.0.1",
        Port = Port,
        Username = AdminUser,
        Password = _password,
        Database = "postgres",
        SslMode = SslMode.Disable,
        GssEncryptionMode = GssEncryptionMode.Disable,
        Pooling = false,
    };

    /// <summary>
    /// Starts a primary and its standby. A commit is acknowledged once the standby has it. Skips the test where PostgreSQL's programs aren't
    /// installed.
    /// </summary>
    public static async Task<(ReplicaNode Primary, ReplicaNode Standby)> StartPairAsync()
    {
        var binaries = InstalledPostgresSource.FindFolders().FirstOrDefault(folder => File.Exists(Path.Combine(folder, "pg_basebackup")));
        MachinePart.Postgres.Need(
            binaries is not null, "initdb, pg_ctl, postgres and pg_basebackup are not installed (Debian, Ubuntu: apt-get install postgresql).");
        var account = await LocalAccount.FindAsync(CancellationToken.None);
        var password = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        var primary = await NewAsync();
        ReplicaNode? standby = null;
        try
        {
            await primary.InitialiseAsync();
            await primary.StartAsync();
            standby = await NewAsync();
            await standby.FollowAsync(primary);
            await primary.ExecuteAsync("alter system set synchronous_standby_names = '*'");
            await primary.ExecuteAsync("select pg_reload_conf()");
            return (primary, standby);
        }
        catch
        {
            await primary.DisposeAsync();
            if (standby is not null)
                await standby.DisposeAsync();
            throw;
        }

        async Task<ReplicaNode> NewAsync() =>
            new(account, binaries, await account.CreateFolderAsync("hyperconn-replica-", CancellationToken.None), password);
    }

    /// <summary>Throws away what it has, copies another server and follows it from then on, on the same port.</summary>
    public async Task FollowAsync(ReplicaNode primary)
    {
        var data = Path.Combine(_folder, "data");
        if (Directory.Exists(data))
            Directory.Delete(data, recursive: true);
        var from = $"host=127.0.0.1 port={primary.Port} user={AdminUser} password={_password}";
        await RunAsync("pg_basebackup", ["-D", data, "-d", from, "-R", "-X", "stream", "-c", "fast"]);
        await StartAsync();
    }

    /// <summary>Starts it, and waits until it answers.</summary>
    public Task StartAsync() => RunAsync(
        "pg_ctl",
        ["start", "-D", Path.Combine(_folder, "data"), "-l", Path.Combine(_folder, "log"), "-s", "-w", "-t", "60", "-o", $"-p {Port}"]);

    /// <summary>Makes a standby the primary; it needs no standby of its own to acknowledge a commit.</summary>
    public async Task PromoteAsync()
    {
        await RunAsync("pg_ctl", ["promote", "-D", Path.Combine(_folder, "data"), "-s", "-w", "-t", "60"]);
    }

    /// <summary>Kills the postmaster as kill -9 does, and waits until nothing of it is left.</summary>
    public async Task KillAsync()
    {
        var lines = await File.ReadAllLinesAsync(Path.Combine(_folder, "data", "postmaster.pid"));
        using var postmaster = Process.GetProcessById(int.Parse(lines[0], CultureInfo.InvariantCulture));
        postmaster.Kill();
        while (await IsListeningAsync())
            await Task.Delay(10);
    }

    /// <summary>Runs a statement as the administrator.</summary>
    public async Task<object?> ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Admin().ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    public async ValueTask DisposeAsync()
    {
        using (_watch)
        {
            _watch.StandardInput.Close();
            await _watch.WaitForExitAsync();
        }
    }

    private async Task InitialiseAsync()
    {
        var passwordFile = Path.Combine(_folder, "password");
        await File.WriteAllTextAsync(passwordFile, _password);
        await _account.GiveAsync(passwordFile, CancellationToken.None);
        var data = Path.Combine(_folder, "data");
        await RunAsync("initdb", ["-D", data, "-U", AdminUser, $"--pwfile={passwordFile}", "--auth=scram-sha-256", "-E", "UTF8", "--no-locale", "-N"]);
        File.Delete(passwordFile);
        await File.AppendAllTextAsync(
            Path.Combine(data, "postgresql.conf"),
            """

            listen_addresses = '127.0.0.1'
            unix_socket_directories = ''
            max_connections = 60
            password_encryption = scram-sha-256
            fsync = off
            shared_buffers = 32MB
            wal_receiver_timeout = 5s
            wal_retrieve_retry_interval = 200ms

            """);
    }

    private async Task RunAsync(string program, string[] arguments)
    {
        var result = await _account.TryRunAsync(_folder, Path.Combine(_binaries, program), arguments, CancellationToken.None);
        if (result is not { ExitCode: 0 })
            throw new InvalidOperationException($"{program} failed: {result?.Output}");
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
