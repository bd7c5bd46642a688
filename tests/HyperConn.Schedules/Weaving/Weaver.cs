using Mono.Cecil;
using Mono.Cecil.Rocks;

namespace HyperConn.Schedules.Weaving;

/// <summary>
/// Rewrites a built assembly so that the scheduler hears of everything that threads can see of each other: interlocked operations, volatile
/// accesses, locks, and calls of thread-safe types as places where another thread may go on; plain fields and collections as things to be
/// watched for races.
/// </summary>
public sealed class Weaver
{
    private readonly string _path;
    private readonly Func<string, bool> _isWoven;
    private readonly IReadOnlySet<string> _exempt;

    /// <param name="path">The assembly's file.</param>
    /// <param name="isWoven">Whether a type, by its full name, is to be woven.</param>
    /// <param name="exempt">Fields, as Type._field, whose races are meant.</param>
    public Weaver(string path, Func<string, bool>? isWoven = null, IReadOnlySet<string>? exempt = null)
    {
        _path = path;
        _isWoven = isWoven ?? (_ => true);
        _exempt = exempt ?? new HashSet<string>();
    }

    /// <summary>The woven assembly.</summary>
    /// <param name="mutation">What is broken in it.</param>
    /// <exception cref="ArgumentException">There is nothing that the mutation could break.</exception>
    public byte[] Weave(Mutation? mutation = null)
    {
        using var resolver = new DefaultAssemblyResolver();
        resolver.AddSearchDirectory(Path.GetDirectoryName(_path));
        resolver.AddSearchDirectory(Path.GetDirectoryName(typeof(object).Assembly.Location));
        using var assembly = AssemblyDefinition.ReadAssembly(_path, new ReaderParameters { AssemblyResolver = resolver, InMemory = true });
        var module = assembly.MainModule;
        var hooks = new HookReferences(module);
        var weaving = new BodyWeaver(hooks, new Wrappers(hooks), new Fields(module, _exempt), mutation);
        foreach (var method in module.GetTypes().Where(IsWoven).SelectMany(type => type.Methods).Where(method => method.HasBody).ToArray())
        {
            if (method is { IsConstructor: true, IsStatic: true })
                continue;
            method.Body.SimplifyMacros();
            weaving.Weave(method);
            method.Body.OptimizeMacros();
        }

        if (mutation is not null && weaving.Mutated != 1)
            throw new ArgumentException($"{mutation} is {weaving.Mutated} times in {module.Name}, and not once.", nameof(mutation));
        using var written = new MemoryStream();
        assembly.Write(written);
        return written.ToArray();
    }

    private bool IsWoven(TypeDefinition type)
    {
        var outer = type;
        while (outer.DeclaringType is not null)
            outer = outer.DeclaringType;
        return _isWoven(outer.FullName);
    }
}
