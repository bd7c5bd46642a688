using Mono.Cecil;
using Mono.Cecil.Cil;

namespace HyperConn.Schedules.Weaving;

/// <summary>Which fields are used atomically, which plainly, and which nobody needs to look at.</summary>
internal sealed class Fields
{
    private readonly HashSet<string> _atomic = new(StringComparer.Ordinal);
    private readonly HashSet<TypeDefinition> _atomicElements = [];
    private readonly IReadOnlySet<string> _exempt;

    /// <param name="module">The module.</param>
    /// <param name="exempt">Fields, as Type._field, whose races are meant.</param>
    public Fields(ModuleDefinition module, IReadOnlySet<string> exempt)
    {
        _exempt = exempt;
        foreach (var method in module.GetTypes().SelectMany(type => type.Methods).Where(method => method.HasBody))
        {
            foreach (var instruction in method.Body.Instructions)
            {
                if (instruction.OpCode.Code is Code.Ldflda or Code.Ldsflda && instruction.Operand is FieldReference field && IsWord(field.FieldType))
                    _atomic.Add(field.FullName);
                else if (instruction.OpCode.Code == Code.Ldelema)
                    _atomicElements.Add(method.DeclaringType);
            }
        }
    }

    public static bool IsVolatile(FieldReference field) =>
        field.FieldType is RequiredModifierType { ModifierType.FullName: "System.Runtime.CompilerServices.IsVolatile" };

    /// <summary>Whether its address is taken somewhere, as atomic operations do: then a plain use of it is one that other threads can see, too.</summary>
    public bool IsAtomic(FieldReference field) => _atomic.Contains(field.FullName) && !IsExempt(field);

    /// <summary>Whether a type uses places of its arrays atomically: then a plain read of one is something that can come before or after.</summary>
    public bool HasAtomicElements(TypeDefinition type) => _atomicElements.Contains(type);

    /// <summary>Whether it is to be watched for races.</summary>
    public bool IsPlain(FieldReference field) =>
        !IsVolatile(field) && !_atomic.Contains(field.FullName) && !IsExempt(field)
        && field.DeclaringType is TypeDefinition { IsClass: true, HasGenericParameters: false } type && !type.FullName.Contains('<', StringComparison.Ordinal)
        && field.Resolve() is { IsInitOnly: false, IsStatic: false };

    /// <summary>Whether a field holds a value whose members are called in place, and only look at it.</summary>
    public static bool IsLookedAt(FieldReference field) =>
        field.FieldType is { IsValueType: true, FullName: var name } && (name.StartsWith("System.Nullable`1", StringComparison.Ordinal) || name is "System.TimeSpan" or "System.DateTimeOffset");

    private bool IsExempt(FieldReference field) => _exempt.Contains($"{field.DeclaringType.Name}.{field.Name}");

    // Interlocked and Volatile take numbers, truths and references.
    private static bool IsWord(TypeReference type) => type is not RequiredModifierType && !type.IsGenericParameter && (type.IsPrimitive || !type.IsValueType);
}
