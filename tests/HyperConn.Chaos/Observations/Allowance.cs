namespace HyperConn.Chaos.Observations;

/// <summary>Errors that a fault explains.</summary>
/// <param name="Whose">Whose errors, for people.</param>
/// <param name="Covers">Whether an error is one of them, whatever its class.</param>
/// <param name="Classes">Classes by <see cref="ErrorClass"/>.</param>
internal sealed record Allowance(string Whose, Func<ErrorFact, bool> Covers, IReadOnlyList<string> Classes)
{
    public bool Allows(ErrorFact error) => Classes.Contains(error.Class) && Covers(error);

    /// <summary>Errors of all tenants of some sites.</summary>
    public static Allowance At(IReadOnlyCollection<Site> sites, params IReadOnlyList<string> classes) =>
        new(string.Join(", ", sites), error => sites.Contains(error.Site), classes);

    /// <summary>Errors of some organisations' tenants.</summary>
    public static Allowance Of(IReadOnlyCollection<string> orgs, params IReadOnlyList<string> classes) =>
        new($"{orgs.Count} organisations", error => orgs.Contains(error.Tenant.Org), classes);

    /// <summary>Errors of single tenants.</summary>
    public static Allowance Of(IReadOnlyCollection<TenantKey> tenants, params IReadOnlyList<string> classes) =>
        new($"{tenants.Count} tenants", error => tenants.Contains(error.Tenant), classes);

    /// <summary>Everybody's errors.</summary>
    public static Allowance Everywhere(params IReadOnlyList<string> classes) => new("everybody", _ => true, classes);
}
