namespace HyperConn.TypeCatalogues;

/// <summary>A database, by the address its tenants have of it.</summary>
internal readonly record struct DatabaseAddress(string Host, int Port, string Name);

/// <summary>
/// Which databases with types of their own have more than one tenant. Where there is one only, nobody else would use its catalogue, and what the
/// server is asked to share it would be for nothing.
/// </summary>
internal sealed class DatabaseUsers
{
    // Some 100 bytes each. Past it everything is forgotten, which costs each database one loading.
    private const int MaxDatabases = 20_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<DatabaseAddress, TenantKey?> _only = [];

    /// <summary>Whether a database is known to have types of its own and this tenant only.</summary>
    public bool IsOnlyUser(DatabaseAddress database, TenantKey tenant)
    {
        lock (_gate)
            return _only.TryGetValue(database, out var only) && only == tenant;
    }

    /// <summary>Whether a database is known to have types of its own and several tenants.</summary>
    public bool HasSeveral(DatabaseAddress database)
    {
        lock (_gate)
            return _only.TryGetValue(database, out var only) && only is null;
    }

    /// <summary>A tenant uses a database with types of its own.</summary>
    /// <returns>Whether another does, too.</returns>
    public bool Add(DatabaseAddress database, TenantKey tenant)
    {
        lock (_gate)
        {
            if (_only.TryGetValue(database, out var only))
            {
                if (only != tenant)
                    _only[database] = null;
                return only != tenant;
            }

            if (_only.Count >= MaxDatabases)
                _only.Clear();
            _only.Add(database, tenant);
            return false;
        }
    }

    /// <summary>A database has no types of its own any more.</summary>
    public void Remove(DatabaseAddress database)
    {
        lock (_gate)
            _only.Remove(database);
    }
}
