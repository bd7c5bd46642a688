namespace HyperConn.Host.Commands;

/// <summary>What one run of <c>exec</c> was asked for.</summary>
/// <param name="Sql">The SQL, for the report.</param>
/// <param name="Project">The project, for the report.</param>
/// <param name="Parallelism">Tenants at once.</param>
/// <param name="DryRun">Whether all is rolled back.</param>
/// <param name="Path">File of the report; null: none.</param>
/// <param name="Unknown">What to do with tenants of an earlier run of which nobody knows how they ended.</param>
internal sealed record ExecPlan(string Sql, string Project, int Parallelism, bool DryRun, string? Path, UnknownChoice Unknown = UnknownChoice.Keep);

/// <summary>One run of <c>exec</c> over many tenants, with a report that is kept up to date.</summary>
internal sealed class ExecRun(TenantExecutor executor, ExecPlan plan)
{
    private static readonly TimeSpan SaveEvery = TimeSpan.FromSeconds(1);

    private readonly DateTimeOffset _startedAt = DateTimeOffset.UtcNow;
    private readonly string _run = Guid.NewGuid().ToString("N");
    private string? _resumes;

    /// <summary>Runs it on the tenants, or on those of an earlier report that were not done; the report of all comes back, also when stopped.</summary>
    /// <param name="before">An earlier report, with what its journal added; null: none.</param>
    /// <param name="tenants">The tenants, without an earlier report.</param>
    /// <param name="handOver">Called when the new report has everything of the old one and its journal.</param>
    /// <param name="stop">Ends it early.</param>
    /// <returns>The report, and whether its file has it.</returns>
    /// <exception cref="CommandException">The report's file can't be written; nothing was run.</exception>
    public async Task<(ExecReport Report, bool Saved)> RunAsync(ExecReport? before, IReadOnlyList<TenantKey> tenants, Action? handOver, CancellationToken stop)
    {
        _resumes = before?.Run;
        var results = before is null
            ? tenants.Select(t => new ExecResult(t.Service, t.Org, ExecStatus.Pending)).ToArray()
            : [.. before.Tenants];
        var todo = Enumerable.Range(0, results.Length).Where(i => before is null || MustRun(before, results[i])).ToList();
        var fault = await SaveAsync(results);
        if (fault is not null)
            throw new CommandException($"The report can't be written to '{plan.Path}', so nothing was run: {fault}");
        handOver?.Invoke();
        var journal = await BeginJournalAsync();

        using var ended = new CancellationTokenSource();
        var saving = SaveNowAndThenAsync(results, ended.Token);
        try
        {
            await CommandOutput.WithProgressAsync("Running", todo.Count, done => Parallel.ForEachAsync(
                todo,
                new ParallelOptions { MaxDegreeOfParallelism = plan.Parallelism, CancellationToken = stop },
                async (i, token) =>
                {
                    var result = await OneAsync(results, i, journal, token);
                    done(result.Status is ExecStatus.Done or ExecStatus.Absent);
                }));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The report says how far it came.
        }
        catch (ReportLostException lost)
        {
            fault = lost.Message;
        }
        finally
        {
            await ended.CancelAsync();
            await saving;
            var unsaved = await SaveAsync(results);
            if (journal is not null && unsaved is null)
                await journal.DeleteAsync();
            else if (journal is not null)
                await journal.DisposeAsync();
            fault ??= unsaved;
        }

        if (fault is not null)
            await Console.Error.WriteLineAsync($"The report can't be written to '{plan.Path}' any more, so no further tenant was begun; here it is: {Printable.Line(fault)}");
        return (Now(results), fault is null);
    }

    // A dry run changed nothing, so nothing of it is done. What nobody knows, and can't be asked, is for people to decide.
    private bool MustRun(ExecReport before, ExecResult result) => result.Status switch
    {
        ExecStatus.Pending or ExecStatus.Failed or ExecStatus.Started => true,
        ExecStatus.Done => before.DryRun,
        ExecStatus.Unknown => result.Xid is not null || plan.Unknown != UnknownChoice.Keep,
        _ => false,
    };

    private async Task<ExecResult> OneAsync(ExecResult[] results, int i, ExecJournal? journal, CancellationToken stop)
    {
        var before = results[i];
        var tenant = TenantKey.Create(before.Service, before.Org);
        ExecResult result;
        try
        {
            result = before.Status is ExecStatus.Started or ExecStatus.Unknown
                ? await executor.ResumeAsync(tenant, before, plan.Unknown, Note, stop)
                : await executor.RunAsync(tenant, Note, stop);
        }
        catch (Exception exception) when (exception is OperationCanceledException or ReportLostException)
        {
            // Rolled back, or never begun: as it was.
            results[i] = before;
            throw;
        }

        results[i] = result;
        if (journal?.NoteAsync(result) is { } noted)
        {
            // That it was done the server could tell as well; what fails here fails for the next tenant, too.
            if (result.Status == ExecStatus.Done)
                _ = noted.ContinueWith(t => t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            else
                await noted;
        }

        return result;

        async Task Note(ExecResult started)
        {
            if (journal is not null)
                await journal.NoteAsync(started);
            results[i] = started;
        }
    }

    private async Task<ExecJournal?> BeginJournalAsync()
    {
        if (plan.Path is null || plan.DryRun)
            return null;
        try
        {
            return await ExecJournal.CreateAsync(plan.Path, _run);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"The journal of the report can't be written, so nothing was run: {exception.Message}");
        }
    }

    private ExecReport Now(ExecResult[] results) =>
        ExecReport.Of(plan.Sql, plan.Project, _startedAt, DateTimeOffset.UtcNow, plan.DryRun, [.. results]) with { Run = _run, Resumes = _resumes };

    private async Task SaveNowAndThenAsync(ExecResult[] results, CancellationToken ended)
    {
        if (plan.Path is null)
            return;
        while (!ended.IsCancellationRequested)
        {
            await Task.Delay(SaveEvery, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

            // A disk that is full now may not be at the end.
            if (!ended.IsCancellationRequested)
                await SaveAsync(results);
        }
    }

    /// <summary>Why it can't be saved; null: it is, or need not be.</summary>
    private Task<string?> SaveAsync(ExecResult[] results) => ReportFile<ExecReport>.TrySaveAsync(plan.Path, Now(results));
}
