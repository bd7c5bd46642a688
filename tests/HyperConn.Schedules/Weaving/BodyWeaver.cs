using HyperConn.Schedules.Exploring;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace HyperConn.Schedules.Weaving;

/// <summary>Puts the hooks into one method after the other.</summary>
internal sealed class BodyWeaver(HookReferences hooks, Wrappers wrappers, Fields fields, Mutation? mutation)
{
    private const string Threading = "System.Threading.";
    private const string Collections = "System.Collections.Generic.";

    // Thread-safe by themselves: what they do counts as one step.
    private static readonly HashSet<string> Opaque = new(StringComparer.Ordinal)
    {
        "System.Threading.Tasks.TaskCompletionSource", "System.Threading.Tasks.TaskCompletionSource`1", "System.Threading.Tasks.Task",
        "System.Threading.Tasks.Task`1", "System.Threading.SemaphoreSlim", "System.Threading.CancellationTokenSource",
        "System.Collections.Concurrent.ConcurrentDictionary`2", "System.Collections.Concurrent.ConcurrentQueue`1",
        "Akka.Actor.ActorRefImplicitSenderExtensions",
    };

    private static readonly HashSet<string> Watched = new(StringComparer.Ordinal)
    {
        "Dictionary`2", "List`1", "HashSet`1", "Queue`1", "LinkedList`1", "Stack`1", "SortedSet`1", "SortedDictionary`2",
    };

    private MethodDefinition _method = null!;
    private int _seen;

    /// <summary>How often the mutation was made.</summary>
    public int Mutated { get; private set; }

    public void Weave(MethodDefinition method)
    {
        _method = method;
        _seen = 0;
        foreach (var instruction in method.Body.Instructions.ToArray())
        {
            switch (instruction.OpCode.Code)
            {
                case Code.Call or Code.Callvirt when instruction.Operand is MethodReference call:
                    WeaveCall(instruction, call);
                    break;
                case Code.Newobj when instruction.Operand is MethodReference { DeclaringType.FullName: "System.Threading.Timer", Parameters: [_, _, { ParameterType.FullName: "System.TimeSpan" }, _] }:
                    (instruction.OpCode, instruction.Operand) = (OpCodes.Call, hooks["Timer"]);
                    break;
                case Code.Ldfld or Code.Stfld or Code.Ldsfld or Code.Stsfld when instruction.Operand is FieldReference field:
                    WeaveField(instruction, field);
                    break;
                case Code.Ldflda when instruction.Operand is FieldReference field && fields.IsPlain(field) && Fields.IsLookedAt(field):
                    WeavePlain(instruction, field);
                    break;
                case Code.Ldelem_Ref or Code.Ldelem_Any when fields.HasAtomicElements(method.DeclaringType):
                    InsertBefore(instruction, Number(Sites.Add(Name, "reads a place")), Call("Point"));
                    break;
                case Code.Ldind_Ref or Code.Ldind_I1 or Code.Ldind_U1 or Code.Ldind_I4 or Code.Ldind_I8:
                    InsertBefore(instruction, Instruction.Create(OpCodes.Dup), Instruction.Create(OpCodes.Conv_U), Number(Sites.Add(Name, "reads by reference")), Call("Read"));
                    break;
                case Code.Stind_Ref or Code.Stind_I1 or Code.Stind_I4 or Code.Stind_I8:
                    WeaveStoreByReference(instruction);
                    break;
            }
        }
    }

    private void WeaveStoreByReference(Instruction at)
    {
        var system = _method.Module.TypeSystem;
        var value = new VariableDefinition(at.OpCode.Code switch { Code.Stind_Ref => system.Object, Code.Stind_I8 => system.Int64, _ => system.Int32 });
        _method.Body.Variables.Add(value);
        InsertBefore(
            at,
            Instruction.Create(OpCodes.Stloc, value), Instruction.Create(OpCodes.Dup), Instruction.Create(OpCodes.Conv_U),
            Number(Sites.Add(Name, "writes by reference")), Call("Write"), Instruction.Create(OpCodes.Ldloc, value));
    }

    private void WeaveCall(Instruction at, MethodReference call)
    {
        var type = call.DeclaringType.GetElementType().FullName;
        if (type is Threading + "Interlocked" or Threading + "Volatile")
            WeaveAtomic(at, call, type);
        else if (type == Threading + "Lock" && call.Name == "EnterScope")
            Replace(at, IsMutated(call) ? "SkipScope" : "EnterScope", call);
        else if (type == Threading + "Lock" && call.Name is "Enter" or "Exit" or "TryEnter" && call.Parameters.Count == 0)
            Replace(at, call.Name, call);
        else if (type == Threading + "Lock/Scope" && call.Name == "Dispose")
            (at.OpCode, at.Operand) = (OpCodes.Call, hooks["LeaveScope"]);
        else if (type == Threading + "Monitor" && call.Name is "Enter" or "Exit")
            Replace(at, $"Monitor{call.Name}", call);
        else if ((type == Threading + "Thread" && call.Name is "Yield" or "SpinWait" or "Sleep") || (type == Threading + "SpinWait" && call.Name == "SpinOnce"))
            InsertBefore(at, Number(Site(call)), Call("Yield"));
        else if (IsOpaque(call, type))
            InsertBefore(at, Number(Site(call, type.Replace("CompletionSource", "", StringComparison.Ordinal).Replace("`1", "", StringComparison.Ordinal))), Call("Opaque"));
        else if (call.HasThis && type.StartsWith(Collections, StringComparison.Ordinal) && Watched.Contains(type[Collections.Length..]) && MayWrap(call))
            Wrap(at, call, wrappers.OfCollection(_method.DeclaringType, call, IsLook(call) ? "Look" : "Change"));
        else if (call is MethodDefinition && IsMutated(call))
            LeaveOut(at, call);
    }

    private void WeaveAtomic(Instruction at, MethodReference call, string type)
    {
        if (!MayWrap(call))
        {
            InsertBefore(at, Number(Site(call)), Call("Point"));
            return;
        }

        var isVolatile = type == Threading + "Volatile";
        if (!IsMutated(call))
            Wrap(at, call, wrappers.OfAtomic(_method.DeclaringType, call, !isVolatile ? "Exchange" : call.Name == "Read" ? "Acquire" : "Release"));
        else if (isVolatile)
            Wrap(at, call, wrappers.OfAtomic(_method.DeclaringType, call, order: null));
        else
            Wrap(at, call, hooks.Torn(call) ?? throw new ArgumentException($"{call.FullName} can't be torn."));
    }

    private void WeaveField(Instruction at, FieldReference field)
    {
        if (Fields.IsVolatile(field))
            WeaveVolatile(at, field);
        else if (_method.IsConstructor && fields.IsAtomic(field))
            return;
        else if (fields.IsAtomic(field))
            InsertBefore(at, Number(Site(field, at.OpCode)), Call("Point"));
        else if (fields.IsPlain(field))
            WeavePlain(at, field);
    }

    private void WeaveVolatile(Instruction at, FieldReference field)
    {
        if (_method.IsConstructor)
            return;
        Instruction[] point = [Number(Site(field, at.OpCode)), Call("Point")];
        switch (at.OpCode.Code)
        {
            case Code.Ldfld:
                InsertBefore(at, [.. point, Instruction.Create(OpCodes.Dup), .. Address(OpCodes.Ldflda, field), Call("Acquire")]);
                break;
            case Code.Ldsfld:
                InsertBefore(at, [.. point, .. Address(OpCodes.Ldsflda, field), Call("Acquire")]);
                break;
            case Code.Stsfld:
                InsertBefore(at, [.. point, .. Address(OpCodes.Ldsflda, field), Call("Release")]);
                break;
            case Code.Stfld:
                var value = Local(field);
                InsertBefore(
                    at,
                    [
                        Instruction.Create(OpCodes.Stloc, value), .. point, Instruction.Create(OpCodes.Dup), .. Address(OpCodes.Ldflda, field), Call("Release"),
                        Instruction.Create(OpCodes.Ldloc, value),
                    ]);
                break;
        }
    }

    private void WeavePlain(Instruction at, FieldReference field)
    {
        // What is read of a value may be read of a copy, which is nowhere; its own methods have its place.
        if (field.DeclaringType.IsValueType && at.OpCode.Code != Code.Stfld && !IsOfThis(at))
            return;
        Instruction[] use = [Instruction.Create(OpCodes.Dup), .. Address(OpCodes.Ldflda, field), Number(Site(field, at.OpCode))];
        if (at.OpCode.Code != Code.Stfld)
        {
            InsertBefore(at, [.. use, Call("Read")]);
        }
        else
        {
            var value = Local(field);
            InsertBefore(at, [Instruction.Create(OpCodes.Stloc, value), .. use, Call("Write"), Instruction.Create(OpCodes.Ldloc, value)]);
        }
    }

    private void LeaveOut(Instruction at, MethodReference call)
    {
        var left = new List<Instruction>();
        for (var i = call.Parameters.Count + (call.HasThis ? 1 : 0); i > 0; i--)
            left.Add(Instruction.Create(OpCodes.Pop));
        if (call.ReturnType.FullName != "System.Void")
            left.Add(call.ReturnType.IsPrimitive ? Number(mutation!.Instead) : Instruction.Create(OpCodes.Ldnull));
        InsertBefore(at, [.. left, Instruction.Create(OpCodes.Nop)]);
        var last = at;
        while (last.Next is not null && !ReferenceEquals(last.Operand, call))
            last = last.Next;
        (last.OpCode, last.Operand) = (OpCodes.Nop, null);
    }

    private bool IsMutated(MethodReference call)
    {
        if (mutation is null || mutation.Operation != call.Name || mutation.Method != _method.Name || mutation.Type != _method.DeclaringType.Name || _seen++ != mutation.Nth)
            return false;
        Mutated++;
        return true;
    }

    private bool IsOfThis(Instruction at) =>
        at.Previous is { OpCode.Code: Code.Ldarg or Code.Ldarg_0 } load && _method.HasThis
        && (load.Operand is null || ReferenceEquals(load.Operand, _method.Body.ThisParameter));

    // A wrapper knows nothing of the type parameters around the call.
    private bool MayWrap(MethodReference call) =>
        !_method.DeclaringType.HasGenericParameters && !_method.HasGenericParameters
        && !(call is GenericInstanceMethod method && method.GenericArguments.Any(argument => argument.ContainsGenericParameter))
        && !(call.DeclaringType is GenericInstanceType type && type.GenericArguments.Any(argument => argument.ContainsGenericParameter));

    // A task is used by others when it is completed, and when somebody looks whether it is.
    private static bool IsOpaque(MethodReference call, string type) =>
        Opaque.Contains(type) && call.Name is not (".ctor" or "get_Task")
        && (!type.StartsWith("System.Threading.Tasks.Task", StringComparison.Ordinal) || call.Name.Contains("Set", StringComparison.Ordinal)
            || call.Name.StartsWith("get_Is", StringComparison.Ordinal) || call.Name == "get_Result");

    private static bool IsLook(MethodReference call) =>
        call.Name.StartsWith("get_", StringComparison.Ordinal) || call.Name is "TryGetValue" or "ContainsKey" or "Contains" or "GetEnumerator" or "TryPeek" or "Peek" or "Exists" or "Find" or "ToArray" or "CopyTo";

    private void Wrap(Instruction at, MethodReference call, MethodReference wrapper)
    {
        InsertBefore(at, Number(Site(call)));
        var last = at.Next;
        (last.OpCode, last.Operand) = (OpCodes.Call, wrapper);
    }

    private void Replace(Instruction at, string hook, MethodReference call)
    {
        InsertBefore(at, Number(Site(call)));
        var last = at.Next;
        (last.OpCode, last.Operand) = (OpCodes.Call, hooks[hook]);
    }

    /// <summary>Puts instructions before one, and before what may stand before it (<c>volatile.</c> and the like). Whoever jumps there finds them.</summary>
    private void InsertBefore(Instruction at, params Instruction[] first)
    {
        while (at.Previous is { OpCode.OpCodeType: OpCodeType.Prefix } prefix)
            at = prefix;
        var il = _method.Body.GetILProcessor();
        var moved = Instruction.Create(OpCodes.Nop);
        (moved.OpCode, moved.Operand) = (at.OpCode, at.Operand);
        (at.OpCode, at.Operand) = (first[0].OpCode, first[0].Operand);
        var last = at;
        foreach (var next in first[1..].Append(moved))
        {
            il.InsertAfter(last, next);
            last = next;
        }
    }

    private VariableDefinition Local(FieldReference field)
    {
        var type = field.FieldType is RequiredModifierType modified ? modified.ElementType : field.FieldType;
        var local = new VariableDefinition(type);
        _method.Body.Variables.Add(local);
        return local;
    }

    private static Instruction[] Address(OpCode load, FieldReference field) => [Instruction.Create(load, field), Instruction.Create(OpCodes.Conv_U)];

    private static Instruction Number(int number) => Instruction.Create(OpCodes.Ldc_I4, number);

    private Instruction Call(string hook) => Instruction.Create(OpCodes.Call, hooks[hook]);

    private int Site(MethodReference call, string key = "") => Sites.Add(Name, $"{call.DeclaringType.Name}.{call.Name}", key);

    private int Site(FieldReference field, OpCode code) =>
        Sites.Add(Name, $"{(code.Code is Code.Stfld or Code.Stsfld ? "writes" : "reads")} {field.DeclaringType.Name}.{field.Name}");

    private string Name => $"{_method.DeclaringType.Name}.{_method.Name}";
}
