using HyperConn.Schedules.Hooking;
using Mono.Cecil;

namespace HyperConn.Schedules.Weaving;

/// <summary>The hooks as a woven module names them.</summary>
internal sealed class HookReferences(ModuleDefinition module)
{
    private readonly Dictionary<string, MethodReference> _hooks = typeof(Hooks).GetMethods()
        .Where(method => method.IsStatic && method.DeclaringType == typeof(Hooks))
        .ToDictionary(method => method.Name, method => module.ImportReference(method), StringComparer.Ordinal);

    public MethodReference this[string name] => _hooks[name];

    /// <summary>The torn form of an interlocked operation; null: there is none.</summary>
    public MethodReference? Torn(MethodReference whole)
    {
        var isGeneric = whole is GenericInstanceMethod;
        var of = isGeneric ? null : ((ByReferenceType)whole.Parameters[0].ParameterType).ElementType.FullName;
        var torn = typeof(TornHooks).GetMethods().SingleOrDefault(method =>
            method.Name == whole.Name && method.IsGenericMethodDefinition == isGeneric
            && (isGeneric || method.GetParameters()[0].ParameterType.GetElementType()!.FullName == of));
        if (torn is null)
            return null;
        var reference = module.ImportReference(torn);
        if (whole is not GenericInstanceMethod instance)
            return reference;
        var made = new GenericInstanceMethod(reference);
        made.GenericArguments.Add(instance.GenericArguments[0]);
        return made;
    }
}
