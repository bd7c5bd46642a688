using System.Diagnostics.CodeAnalysis;

namespace HyperConn.Tests;

/// <summary>
/// A part a machine may lack. Tests that need it are skipped there with the reason; where <c>HYPERCONN_REQUIRE</c> names it, they fail.
/// </summary>
internal sealed class MachinePart
{
    /// <summary>The environment variable: names of parts, with commas between them.</summary>
    public const string Variable = "HYPERCONN_REQUIRE";

    private readonly string _name;

    private MachinePart(string name) => _name = name;

    /// <summary>A PostgreSQL server, its client's programs, libpq and extensions.</summary>
    public static MachinePart Postgres { get; } = new("postgres");

    /// <summary>Something that speaks the wire of AWS.</summary>
    public static MachinePart Aws { get; } = new("aws");

    /// <summary>Chromium.</summary>
    public static MachinePart Browser { get; } = new("browser");

    /// <summary>PgBouncer.</summary>
    public static MachinePart PgBouncer { get; } = new("pgbouncer");

    public static IReadOnlyList<MachinePart> All { get; } = [Postgres, Aws, Browser, PgBouncer];

    /// <summary>Goes on if the part is there.</summary>
    /// <param name="isThere">Whether it is.</param>
    /// <param name="reason">What is missing, and how to come by it.</param>
    /// <exception cref="Xunit.SkipException">It is missing, and nobody requires it.</exception>
    /// <exception cref="InvalidOperationException">It is missing though it is required, or the variable has a name that no part has.</exception>
    public void Need([DoesNotReturnIf(false)] bool isThere, string? reason) =>
        Need(isThere, reason, Environment.GetEnvironmentVariable(Variable));

    /// <summary>The same for another value of the variable.</summary>
    public void Need([DoesNotReturnIf(false)] bool isThere, string? reason, string? required)
    {
        // Even if it is there: a name mistyped would require nothing, and nobody would know.
        var isRequired = Read(required).Contains(this);
        if (isThere)
            return;
        if (isRequired)
            throw new InvalidOperationException($"{Variable} wants '{_name}' on this machine, and it is not to be had: {reason}");
        throw new Xunit.SkipException(reason);
    }

    /// <inheritdoc/>
    public override string ToString() => _name;

    private static IReadOnlyList<MachinePart> Read(string? names) =>
    [
        .. from name in (names ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
           select All.FirstOrDefault(part => part._name == name)
               ?? throw new InvalidOperationException($"{Variable} names '{name}', which is none of {string.Join(", ", All)}."),
    ];
}
