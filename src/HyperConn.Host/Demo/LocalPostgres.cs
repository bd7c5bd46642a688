using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace HyperConn.Host.Demo;

/// <summary>
/// A PostgreSQL server of our own: data in a temporary folder, a free port of the loopback interface, no Unix socket, gone when disposed
/// and also when this process dies.
/// </summary>
/// <remarks>
/// <c>pg_ctl</c> gives the postmaster a session of its own, so a Ctrl-C at the terminal doesn't reach it before we have drained.
/// A small shell waits for the end of its standard input, which the kernel closes however we end, and then stops and removes the server.
/// </remarks>
internal sealed class LocalPostgres : PostgresServer, IPostgresControl
{
    public const string FolderPrefix = "hyperconn-postgres-";
    private const string AdminUser = "postgres";
    private const int PortAttempts = 5;

    private const string WatchScript =
        """
        trap '' INT TERM HUP QUIT
        cat > /dev/null
        "$0" stop -D "$1/data" -m immediate -s -w -t 20 > /dev/null 2>&1
        rm -rf "$1" > /dev/null 2>&1
        """;

    // A session of its own, where the machine can: whoever kills our whole process group doesn't kill the one who cleans up.
    private const string WatchStarter = "command -v setsid > /dev/null && exec setsid sh -c \"$@\"; exec sh -c \"$@\"";

    // By the folder of the programs. Never started; they go when this process ends.
    private static readonly ConcurrentDictionary<string, Lazy<Task<LocalPostgres>>> Templates = new(StringComparer.Ordinal);

    private readonly LocalAccount _account;
    private readonly string _binaries;
    private readonly string _folder;
    private string _password = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
    private Process? _watch;
    private int _port;

    private LocalPostgres(LocalAccount account, string binaries, string folder) =>
        (_account, _binaries, _folder) = (account, binaries, folder);

    public override string Description => _binaries;

    public override string Host => "127.0.0.1";

    public override int Port => _port;

    public override IPostgresControl Control => this;

    private string Data => Path.Combine(_folder, "data");

    private string Log => Path.Combine(_folder, "log");

    /// <summary>Makes a server from a folder with <c>initdb</c>, <c>pg_ctl</c> and <c>postgres</c>.</summary>
    /// <exception cref="PostgresUnavailableException">The programs don't work here.</exception>
    public static async Task<LocalPostgres> StartAsync(string binaries, PostgresServerOptions options, CancellationToken cancellationToken)
    {
        return await MakeAsync(binaries, BeginAsync, cancellationToken);

        async Task BeginAsync(LocalPostgres server)
        {
            if (options.CopiesData && !OperatingSystem.IsWindows())
                await server.CopyAsync(cancellationToken);
            else
                await server.InitialiseAsync(cancellationToken);
            await server.ConfigureAsync(options, cancellationToken);
            await server.StartOnFreePortAsync(cancellationToken);
        }
    }

    public override NpgsqlConnectionStringBuilder Admin(string? database = null) => new()
    {
        Host = Host,
        Port = Port,
        Username = AdminUser,
        Password = _password,
        Database = database ?? "postgres",
        SslMode = SslMode.Disable,
        GssEncryptionMode = GssEncryptionMode.Disable,
    };

    public override async Task<string> CreateScratchFolderAsync(CancellationToken cancellationToken = default)
    {
        // Inside the server's own folder, so that whatever ends the server removes it too.
        var folder = Path.Combine(_folder, "scratch-" + Path.GetRandomFileName());
        Directory.CreateDirectory(folder);
        await _account.GiveAsync(folder, cancellationToken);
        return folder;
    }

    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        // After kill -9 the old backends hold the shared memory for a moment, and the new postmaster refuses to share it.
        var patience = Stopwatch.StartNew();
        while (!await TryStartAsync(cancellationToken))
        {
            if (patience.Elapsed > TimeSpan.FromSeconds(20))
                throw new PostgresUnavailableException($"the server didn't start again: {ReadLog()}");
            await Task.Delay(50, cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken = default) =>
        RunAsync("pg_ctl", ["stop", "-D", Data, "-m", "fast", "-s", "-w", "-t", "20"], cancellationToken);

    public async Task KillAsync(CancellationToken cancellationToken = default)
    {
        var lines = await File.ReadAllLinesAsync(Path.Combine(Data, "postmaster.pid"), cancellationToken);
        using var postmaster = Process.GetProcessById(int.Parse(lines[0], CultureInfo.InvariantCulture));
        postmaster.Kill();
        // Not WaitForExit: the postmaster is init's child, and some inits take seconds to bury the dead.
        while (await IsListeningAsync(cancellationToken))
            await Task.Delay(10, cancellationToken);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (Interlocked.Exchange(ref _watch, null) is not { } watch)
        {
            if (Directory.Exists(_folder))
            {
                string[] arguments = ["stop", "-D", Data, "-m", "immediate", "-s", "-w"];
                await _account.TryRunAsync(_folder, Program("pg_ctl"), arguments, CancellationToken.None);
                Directory.Delete(_folder, recursive: true);
            }

            return;
        }

        using (watch)
        {
            watch.StandardInput.Close();
            await watch.WaitForExitAsync();
        }
    }

    private static async Task<LocalPostgres> MakeAsync(string binaries, Func<LocalPostgres, Task> begin, CancellationToken cancellationToken)
    {
        var account = await LocalAccount.FindAsync(cancellationToken);
        var server = new LocalPostgres(account, binaries, await account.CreateFolderAsync(FolderPrefix, cancellationToken));
        try
        {
            server.Watch();
            await begin(server);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private void Watch()
    {
        if (!OperatingSystem.IsWindows())
            _watch = _account.Start("/", "sh", ["-c", WatchStarter, "sh", WatchScript, Program("pg_ctl"), _folder]);
    }

    private async Task CopyAsync(CancellationToken cancellationToken)
    {
        // Whoever asks first may give up; the others still want it.
        var template = await Templates
            .GetOrAdd(_binaries, of => new Lazy<Task<LocalPostgres>>(() => MakeAsync(of, made => made.InitialiseAsync(CancellationToken.None), CancellationToken.None)))
            .Value.WaitAsync(cancellationToken);
        _password = template._password;
        if (await _account.TryRunAsync(_folder, "cp", ["-a", template.Data, Data], cancellationToken) is not { ExitCode: 0 })
            throw new PostgresUnavailableException($"the data of {_binaries} could not be copied to {_folder}.");
    }

    private async Task InitialiseAsync(CancellationToken cancellationToken)
    {
        var passwordFile = Path.Combine(_folder, "password");
        await File.WriteAllTextAsync(passwordFile, _password, cancellationToken);
        await _account.GiveAsync(passwordFile, cancellationToken);
        string[] arguments =
            ["-D", Data, "-U", AdminUser, $"--pwfile={passwordFile}", "--auth=scram-sha-256", "-E", "UTF8", "--no-locale", "-N"];
        await RunAsync("initdb", arguments, cancellationToken);
        File.Delete(passwordFile);
    }

    private async Task ConfigureAsync(PostgresServerOptions options, CancellationToken cancellationToken)
    {
        var settings = new StringBuilder().AppendLine();
        foreach (var (name, value) in options.AllSettings())
            settings.AppendLine(CultureInfo.InvariantCulture, $"{name} = '{value.Replace("'", "''", StringComparison.Ordinal)}'");
        settings.AppendLine("listen_addresses = '127.0.0.1'").AppendLine("unix_socket_directories = ''");
        await File.AppendAllTextAsync(Path.Combine(Data, "postgresql.conf"), settings.ToString(), cancellationToken);
    }

    private async Task StartOnFreePortAsync(CancellationToken cancellationToken)
    {
        for (var attempt = 1; attempt <= PortAttempts; attempt++)
        {
            _port = FindFreePort();
            if (await TryStartAsync(cancellationToken))
                return;
        }

        throw new PostgresUnavailableException($"the server in {_binaries} didn't start: {ReadLog()}");
    }

    private async Task<bool> TryStartAsync(CancellationToken cancellationToken)
    {
        string[] arguments = ["start", "-D", Data, "-l", Log, "-s", "-w", "-t", "60", "-o", $"-p {_port}"];
        var result = await _account.TryRunAsync(_folder, Program("pg_ctl"), arguments, cancellationToken);
        return result is { ExitCode: 0 };
    }

    private async Task RunAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        var result = await _account.TryRunAsync(_folder, Program(program), arguments, cancellationToken)
            ?? throw new PostgresUnavailableException($"there is no {program} in {_binaries}.");
        if (result.ExitCode != 0)
            throw new PostgresUnavailableException($"{program} of {_binaries} failed: {result.Output.Trim()}");
    }

    private string Program(string name) => Path.Combine(_binaries, OperatingSystem.IsWindows() ? name + ".exe" : name);

    private string ReadLog() => File.Exists(Log) ? string.Join(' ', File.ReadLines(Log).TakeLast(5)) : "no log";

    private async Task<bool> IsListeningAsync(CancellationToken cancellationToken)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(Host, Port, cancellationToken);
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
