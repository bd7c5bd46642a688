using System.Reflection;
using System.Runtime.Loader;
using HyperConn.Schedules.Exploring;

namespace HyperConn.Schedules.Weaving;

/// <summary>Woven assemblies, loaded beside those that the process runs on. Everything else is shared with these.</summary>
/// <param name="woven">The assemblies by name.</param>
public sealed class WovenWorld(IReadOnlyDictionary<string, byte[]> woven) : AssemblyLoadContext("woven", isCollectible: true)
{
    /// <summary>The woven twin of a scenario.</summary>
    public Scenario Scenario(Type type)
    {
        ArgumentNullException.ThrowIfNull(type);
        var assembly = LoadFromAssemblyName(new AssemblyName(type.Assembly.GetName().Name!));
        return (Scenario)Activator.CreateInstance(assembly.GetType(type.FullName!, throwOnError: true)!, nonPublic: true)!;
    }

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        ArgumentNullException.ThrowIfNull(assemblyName);
        return woven.TryGetValue(assemblyName.Name!, out var bytes) ? LoadFromStream(new MemoryStream(bytes)) : null;
    }
}
