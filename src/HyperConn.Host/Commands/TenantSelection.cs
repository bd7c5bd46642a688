using System.CommandLine;
using System.IO.Enumeration;

namespace HyperConn.Host.Commands;

/// <summary>Options that say which tenants a command is about.</summary>
internal sealed class TenantSelection
{
    private readonly Option<string[]> _tenants = new("--tenant", "-t")
    {
        Description = "A tenant as service/org; may be given several times. Default: every service of every organisation in the store.",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string[]> _services = new("--service", "-s") { Description = "Only these services.", AllowMultipleArgumentsPerToken = true };

    private readonly Option<string?> _filter = new("--filter", "-f") { Description = "Only organisations that match, with * and ?, such as 'eu-*'." };

    public void AddTo(Command command)
    {
        command.Options.Add(_tenants);
        command.Options.Add(_services);
        command.Options.Add(_filter);
    }

    /// <summary>Whether any of the options is given.</summary>
    public bool IsGiven(ParseResult parsed) =>
        parsed.GetValue(_tenants) is { Length: > 0 } || parsed.GetValue(_services) is { Length: > 0 } || parsed.GetValue(_filter) is not null;

    /// <summary>The tenants chosen, sorted.</summary>
    /// <exception cref="CommandException">There are none: a slip in a filter must not pass for work done.</exception>
    public async Task<IReadOnlyList<TenantKey>> ReadSomeAsync(ParseResult parsed, CommandSession session, CancellationToken cancellationToken) =>
        await ReadAsync(parsed, session, cancellationToken) is { Count: > 0 } some
            ? some
            : throw new CommandException(IsGiven(parsed) ? "No tenant matches." : "The secret store has no tenant of this project.");

    /// <summary>The tenants chosen, sorted. A tenant of the store may turn out not to have the service.</summary>
    public async Task<IReadOnlyList<TenantKey>> ReadAsync(ParseResult parsed, CommandSession session, CancellationToken cancellationToken)
    {
        var chosen = parsed.GetValue(_tenants) ?? [];
        var filter = parsed.GetValue(_filter);
        var services = parsed.GetValue(_services) is { Length: > 0 } some ? [.. some.Select(s => s.ToLowerInvariant())] : session.Options.Services;
        List<TenantKey> tenants;
        if (chosen.Length > 0)
        {
            tenants = chosen.Select(Parse).ToList();
        }
        else
        {
            if (services.Count == 0)
                throw new CommandException("The configuration lists no services, so tenants can't be listed. Give --service or --tenant.");
            var orgs = await session.Pools.ListOrgIdsAsync(cancellationToken);
            tenants = orgs.SelectMany(org => services.Select(service => TenantKey.TryCreate(service, org, out var key) ? key : default)).Where(key => key != default).ToList();
        }

        if (session.Options.Services is { Count: > 0 } known)
        {
            // Once, and not for each organisation.
            var asked = services.Concat(tenants.Select(t => t.Service)).Distinct().Where(s => !known.Contains(s, StringComparer.OrdinalIgnoreCase)).ToList();
            if (asked.Count > 0)
                throw new CommandException($"{string.Join(", ", asked.Select(s => $"'{s}'"))}: not among the configured services ({string.Join(", ", known)}).");
        }

        return
        [
            .. tenants
                .Where(t => filter is null || FileSystemName.MatchesSimpleExpression(filter, t.Org, ignoreCase: false))
                .Distinct()
                .OrderBy(t => t.Service, StringComparer.Ordinal)
                .ThenBy(t => t.Org, StringComparer.Ordinal),
        ];
    }

    private static TenantKey Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0 && TenantKey.TryCreate(text[..slash], text[(slash + 1)..], out var key))
            return key;
        throw new CommandException($"'{text}' is not a tenant. Write service/org.");
    }
}
