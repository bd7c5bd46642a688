using Mono.Cecil;
using Mono.Cecil.Cil;

namespace HyperConn.Tests.Architecture;

/// <summary>What every type of an assembly uses: signatures, bodies, generic arguments and constraints, attributes.</summary>
/// <remarks>ArchUnitNET's model lacks one arrow in fourteen: caught exceptions, and what only the signature of a called member names, such
/// as an enum whose value is passed. So this reads the assembly itself. Constants, <c>nameof</c> and comments leave no trace in an assembly;
/// the specs look at using directives for those.</remarks>
internal static class Dependencies
{
    /// <summary>Pairs of full names, user and used; nested and generated types count as the type they are in.</summary>
    public static IReadOnlySet<(string User, string Used)> Of(string assembly)
    {
        using var read = AssemblyDefinition.ReadAssembly(assembly);
        return read.MainModule.Types.SelectMany(type => UsedBy(type).Select(used => (User: type.FullName, Used: used)))
            .Where(arrow => arrow.User != arrow.Used).ToHashSet();
    }

    /// <summary>The full names of the top-level types that somebody wrote: not those of the compiler, nor of what counts coverage.</summary>
    public static IReadOnlyList<string> TypesOf(string assembly)
    {
        using var read = AssemblyDefinition.ReadAssembly(assembly);
        return
        [
            .. from type in read.MainModule.Types
               where !type.FullName.Contains('<', StringComparison.Ordinal) && !type.FullName.StartsWith("Coverlet.", StringComparison.Ordinal)
               select type.FullName,
        ];
    }

    private static IEnumerable<string> UsedBy(TypeDefinition type) =>
        References(type).OfType<TypeReference>().SelectMany(Named).Concat(type.NestedTypes.SelectMany(UsedBy));

    // Null where there is nothing, such as the base type of an interface.
    private static IEnumerable<TypeReference?> References(TypeDefinition type) =>
    [
        type.BaseType,
        .. type.Interfaces.Select(implemented => implemented.InterfaceType),
        .. type.GenericParameters.SelectMany(Constraints),
        .. type.Fields.SelectMany(field => Attributes(field).Prepend(field.FieldType)),
        .. type.Properties.SelectMany(property => Attributes(property).Prepend(property.PropertyType)),
        .. type.Events.SelectMany(@event => Attributes(@event).Prepend(@event.EventType)),
        .. type.Methods.SelectMany(Signature),
        .. type.Methods.SelectMany(method => method.GenericParameters.SelectMany(Constraints).Concat(Attributes(method))),
        .. type.Methods.SelectMany(method => method.Parameters.SelectMany(Attributes).Concat(Attributes(method.MethodReturnType))),
        .. type.Methods.SelectMany(method => method.Overrides.SelectMany(Signature)),
        .. type.Methods.Where(method => method.HasBody).SelectMany(method => Body(method.Body)),
        .. Attributes(type),
    ];

    private static IEnumerable<TypeReference> Constraints(GenericParameter parameter) =>
        parameter.Constraints.Select(constraint => constraint.ConstraintType).Concat(Attributes(parameter));

    private static IEnumerable<TypeReference> Attributes(ICustomAttributeProvider member) => member.CustomAttributes.SelectMany(attribute =>
        Signature(attribute.Constructor)
            .Concat(attribute.ConstructorArguments.SelectMany(Argument))
            .Concat(attribute.Properties.Concat(attribute.Fields).SelectMany(named => Argument(named.Argument))));

    private static IEnumerable<TypeReference> Argument(CustomAttributeArgument argument) => argument.Value switch
    {
        TypeReference named => [argument.Type, named],
        CustomAttributeArgument boxed => Argument(boxed),
        CustomAttributeArgument[] many => many.SelectMany(Argument).Prepend(argument.Type),
        _ => [argument.Type],
    };

    private static IEnumerable<TypeReference?> Body(MethodBody body) =>
        body.Variables.Select(variable => variable.VariableType)
            .Concat(body.ExceptionHandlers.Select(handler => handler.CatchType))
            .Concat(body.Instructions.SelectMany(instruction => Operand(instruction)));

    private static IEnumerable<TypeReference> Operand(Instruction instruction) => instruction.Operand switch
    {
        TypeReference type => [type],
        FieldReference field => [field.DeclaringType, field.FieldType],
        MethodReference method => Signature(method),
        _ => [],
    };

    private static IEnumerable<TypeReference> Signature(MethodReference method)
    {
        IEnumerable<TypeReference> used = [.. method.Parameters.Select(parameter => parameter.ParameterType), method.ReturnType];
        if (method.DeclaringType is { } declaring)
            used = used.Append(declaring);
        return method is GenericInstanceMethod instance ? used.Concat(instance.GenericArguments) : used;
    }

    /// <summary>The names in a type as it is written: `Task&lt;Lease[]&gt;` names Task and Lease.</summary>
    private static IEnumerable<string> Named(TypeReference type) => type switch
    {
        GenericParameter => [],
        GenericInstanceType generic => generic.GenericArguments.SelectMany(Named).Concat(Named(generic.ElementType)),
        IModifierType modified => Named(modified.ModifierType).Concat(Named(modified.ElementType)),
        FunctionPointerType pointer => pointer.Parameters.Select(parameter => parameter.ParameterType).Append(pointer.ReturnType).SelectMany(Named),
        TypeSpecification of => Named(of.ElementType),
        _ => [Outermost(type).FullName],
    };

    private static TypeReference Outermost(TypeReference type) => type.DeclaringType is { } outer ? Outermost(outer) : type;
}
