using Mono.Cecil;
using Mono.Cecil.Cil;

namespace HyperConn.Schedules.Weaving;

/// <summary>
/// Methods that do what one call did, with the hooks before it: so the hooks have the call's first argument at hand. They stand in the type that
/// makes the call, which may use what is private there.
/// </summary>
internal sealed class Wrappers(HookReferences hooks)
{
    private readonly Dictionary<(TypeDefinition Type, string Call, string Order), MethodDefinition> _made = [];

    /// <summary>An operation on a variable passed by reference.</summary>
    /// <param name="type">Where the wrapper stands.</param>
    /// <param name="call">The operation.</param>
    /// <param name="order">The hook that is told its address; null: it orders nothing.</param>
    public MethodReference OfAtomic(TypeDefinition type, MethodReference call, string? order) => Of(type, call, order ?? "", il =>
    {
        il.Emit(OpCodes.Ldarg, il.Body.Method.Parameters[^1]);
        il.Emit(OpCodes.Call, hooks["Point"]);
        if (order is null || call.Parameters.Count == 0 || !call.Parameters[0].ParameterType.IsByReference)
            return;
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Conv_U);
        il.Emit(OpCodes.Call, hooks[order]);
    });

    /// <summary>A call of a collection.</summary>
    public MethodReference OfCollection(TypeDefinition type, MethodReference call, string use) => Of(type, call, use, il =>
    {
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg, il.Body.Method.Parameters[^1]);
        il.Emit(OpCodes.Call, hooks[use]);
    });

    private MethodDefinition Of(TypeDefinition type, MethodReference call, string order, Action<ILProcessor> before)
    {
        if (_made.TryGetValue((type, call.FullName, order), out var made))
            return made;
        made = new MethodDefinition($"<Woven>{_made.Count}_{call.Name}", MethodAttributes.Private | MethodAttributes.Static, Typed(call, call.ReturnType));
        if (call.HasThis)
            made.Parameters.Add(new ParameterDefinition(call.DeclaringType));
        foreach (var parameter in call.Parameters)
            made.Parameters.Add(new ParameterDefinition(Typed(call, parameter.ParameterType)));
        made.Parameters.Add(new ParameterDefinition(type.Module.TypeSystem.Int32));
        var il = made.Body.GetILProcessor();
        before(il);
        for (var i = 0; i < made.Parameters.Count - 1; i++)
            il.Emit(OpCodes.Ldarg, made.Parameters[i]);
        il.Emit(call.HasThis ? OpCodes.Callvirt : OpCodes.Call, call);
        il.Emit(OpCodes.Ret);
        type.Methods.Add(made);
        _made.Add((type, call.FullName, order), made);
        return made;
    }

    /// <summary>A type of a signature, with the arguments of the call in place of parameters.</summary>
    private static TypeReference Typed(MethodReference call, TypeReference type) => type switch
    {
        GenericParameter { Type: GenericParameterType.Method } parameter when call is GenericInstanceMethod method => method.GenericArguments[parameter.Position],
        GenericParameter { Type: GenericParameterType.Type } parameter when call.DeclaringType is GenericInstanceType of => of.GenericArguments[parameter.Position],
        ByReferenceType reference => new ByReferenceType(Typed(call, reference.ElementType)),
        ArrayType array => new ArrayType(Typed(call, array.ElementType), array.Rank),
        RequiredModifierType modified => Typed(call, modified.ElementType),
        GenericInstanceType generic => Instance(call, generic),
        _ => type,
    };

    private static GenericInstanceType Instance(MethodReference call, GenericInstanceType generic)
    {
        var made = new GenericInstanceType(generic.ElementType);
        foreach (var argument in generic.GenericArguments)
            made.GenericArguments.Add(Typed(call, argument));
        return made;
    }
}
