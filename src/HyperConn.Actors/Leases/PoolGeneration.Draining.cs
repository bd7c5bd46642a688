using System.Globalization;
using Akka.Actor;
using HyperConn.Servers;
using Npgsql;

namespace HyperConn.Leases;

/// <summary>The end of a generation: eviction of an idle one, draining of one in use, closing.</summary>
internal sealed partial class PoolGeneration
{
    // What of thousands of idle pools hardly one needs is made when it is asked for.
    private TaskCompletionSource? _retired;
    private TaskCompletionSource? _closed;
    private Queue<int>? _sessions;
    private bool _isRetired;
    private bool _isClosed;
    private int _closing;
    private int _expected;
    private int _pins = 1;

    public IGenerationOwner Owner => _owner;

    /// <summary>Ends when the last lease has ended and every connection is closed.</summary>
    public Task Closed
    {
        get
        {
            lock (_gate)
                return EndOf(ref _closed, _isClosed);
        }
    }

    /// <summary>Ends when the generation takes no more leases.</summary>
    public Task Retired
    {
        get
        {
            lock (_gate)
                return EndOf(ref _retired, _isRetired);
        }
    }

    /// <summary>A caller who asked for the pool in order to open a connection is on its way: no eviction until it has its lease. Supervisor only.</summary>
    public void Expect() => Interlocked.Increment(ref _expected);

    /// <summary>The caller has its lease, or has given up.</summary>
    public void Unexpect()
    {
        if (Interlocked.Decrement(ref _expected) > 0 || !Word.Has(LeaseWord.NotifyIdle))
            return;
        bool idle;
        lock (_gate)
            (_, idle) = SettleIdle();
        if (idle)
            _owner.WentIdle(this);
    }

    /// <summary>Has the supervisor told when the last lease ends.</summary>
    public void NotifyWhenIdle() => SetFlag(LeaseWord.NotifyIdle);

    /// <summary>
    /// Begins eviction if, in the same instant, no lease is open. After true no lease can begin. With
    /// <paramref name="notify"/>, false means that the supervisor hears when the last lease ends.
    /// </summary>
    public bool TryBeginEviction(bool notify)
    {
        while (true)
        {
            var word = Word;
            if (word.IsDraining)
                return false;
            if (word.Leases > 0 || word.Has(LeaseWord.Slow) || Volatile.Read(ref _expected) > 0)
            {
                if (!notify || word.Has(LeaseWord.NotifyIdle))
                    return false;

                // An expected caller that gave up before the flag was there did not tell: look again.
                if (Interlocked.CompareExchange(ref _word, word.Bits | LeaseWord.NotifyIdle, word.Bits) == word.Bits
                    && (word.Leases > 0 || word.Has(LeaseWord.Slow) || Volatile.Read(ref _expected) > 0))
                    return false;
            }
            else if (Interlocked.CompareExchange(ref _word, word.Bits | LeaseWord.Draining, word.Bits) == word.Bits)
            {
                return true;
            }
        }
    }

    /// <summary>Takes no more leases; open ones end in their own time. Callers in the queue go on to the successor.</summary>
    public void BeginDrain()
    {
        int free;
        bool drained;
        lock (_gate)
        {
            SetFlag(LeaseWord.Draining);
            while (_waiters.Count > 0)
                CompleteFirst(new LeaseTaken(LeaseOutcome.Retired));
            free = TakeFreePermits(0);
            drained = Word.Leases == 0;
            _isRetired = true;
            _retired?.TrySetResult();
        }

        CloseIdleConnections();
        if (free > 0)
            ReturnToBudgets(free);
        if (drained)
            Close();
    }

    /// <summary>Closes everything that is idle and tells whoever waits. Runs once; leases must have ended or be given up.</summary>
    public void Close()
    {
        if (Interlocked.Exchange(ref _closing, 1) != 0)
            return;
        CloseIdleConnections();
        foreach (var share in _shares)
            share.Server.Budget.Tell(new HolderClosed(share));
        Unpin();
        _runtime.Generations.TryRemove(this, out _);
        _runtime.Totals.Closed(Accesses);
        lock (_gate)
        {
            _isClosed = true;
            _closed?.TrySetResult();
        }

        _owner.Closed(this);
    }

    /// <summary>
    /// Ends the sessions of leases that outlived the shutdown's deadline. PostgreSQL lets a role end its own sessions
    /// (<c>pg_terminate_backend</c>), which gives their users a clean 57P01 instead of a connection used by two threads.
    /// </summary>
    /// <returns>How many sessions were told to end.</returns>
    public async Task<int> TerminateLeasesAsync(CancellationToken cancellationToken)
    {
        int[] sessions;
        lock (_gate)
            sessions = [.. _sessions ?? []];
        if (sessions.Length == 0)
            return 0;
        await using var source = DataSourceFactory.BuildUnpooled(this, _runtime.Options);
        await using var command = source.CreateCommand(
            """
            select count(pg_terminate_backend(pid)) from pg_stat_activity
            where pid = any($1) and usename = current_user and datname = current_database()
              and application_name = current_setting('application_name') and pid <> pg_backend_pid()
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = sessions });
        return Convert.ToInt32(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false), CultureInfo.InvariantCulture);
    }

    /// <summary>Remembers the server process of a connection that may be new, for <see cref="TerminateLeasesAsync"/>.</summary>
    /// <returns>Whether it is new.</returns>
    public bool NoteSession(int processId)
    {
        lock (_gate)
        {
            _sessions ??= new Queue<int>();
            if (_sessions.Contains(processId))
                return false;
            _sessions.Enqueue(processId);

            // Older ones are closed: Npgsql holds no more than the cap at a time, and opens that fall short of a session are not noted.
            while (_sessions.Count > 4 * _cap.Most)
                _sessions.Dequeue();
            return true;
        }
    }

    private static Task EndOf(ref TaskCompletionSource? end, bool isOver)
    {
        end ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (isOver)
            end.TrySetResult();
        return end.Task;
    }

    /// <summary>Keeps the data source from being disposed; false: it is.</summary>
    private bool TryPin()
    {
        var pins = Volatile.Read(ref _pins);
        while (pins > 0)
        {
            var seen = Interlocked.CompareExchange(ref _pins, pins + 1, pins);
            if (seen == pins)
                return true;
            pins = seen;
        }

        return false;
    }

    public void Unpin()
    {
        if (Interlocked.Decrement(ref _pins) == 0)
            DataSource.Dispose();
    }
}
