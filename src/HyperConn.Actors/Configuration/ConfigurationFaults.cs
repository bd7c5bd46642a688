namespace HyperConn.Configuration;

/// <summary>Faults found while settings are read, kept until they are reported with those of the settings themselves.</summary>
internal sealed class ConfigurationFaults
{
    private readonly List<string> _faults = [];

    public IReadOnlyList<string> All
    {
        get
        {
            lock (_faults)
                return [.. _faults];
        }
    }

    public void Add(string fault)
    {
        lock (_faults)
        {
            if (!_faults.Contains(fault))
                _faults.Add(fault);
        }
    }
}
