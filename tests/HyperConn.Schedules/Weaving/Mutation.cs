namespace HyperConn.Schedules.Weaving;

/// <summary>
/// One deliberate fault in woven code: an atomic operation in two halves, a volatile access that orders nothing, a lock that is not taken, or a
/// call left out.
/// </summary>
/// <param name="Type">The type's name, without namespace.</param>
/// <param name="Method">The method's name.</param>
/// <param name="Operation">What is called there: <c>CompareExchange</c>, <c>EnterScope</c>, or any method that returns nothing, a number or a truth.</param>
/// <param name="Instead">What a call left out answers.</param>
/// <param name="Nth">Which of several in the method.</param>
public sealed record Mutation(string Type, string Method, string Operation, int Instead = 0, int Nth = 0)
{
    public override string ToString() => $"{Type}.{Method}: {Operation}{(Nth > 0 ? $" {Nth + 1}" : "")}";
}
