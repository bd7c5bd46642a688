namespace HyperConn.Tests.Architecture;

/// <summary>Where the guard sees that one type uses another.</summary>
public class DependenciesSpecs
{
    private static readonly IReadOnlySet<(string User, string Used)> Found = Dependencies.Of(typeof(DependenciesSpecs).Assembly.Location);

    [Theory]
    [InlineData(typeof(InBody))]
    [InlineData(typeof(InAsyncMethod))]
    [InlineData(typeof(InLambda))]
    [InlineData(typeof(InNestedType))]
    [InlineData(typeof(InGenericArgument))]
    [InlineData(typeof(InConstraint))]
    [InlineData(typeof(InSignature))]
    [InlineData(typeof(InAttribute))]
    [InlineData(typeof(InCatch))]
    [InlineData(typeof(InPattern))]
    public void A_type_is_used(Type user) => Assert.Contains((user.FullName!, typeof(UsedException).FullName!), Found);

    [Fact]
    public void An_enum_is_used_where_its_value_is_passed() =>
        Assert.Contains((typeof(InEnumValue).FullName!, typeof(Kind).FullName!), Found);

    [Fact]
    public void What_is_not_named_is_not_used() =>
        Assert.DoesNotContain((typeof(UsedAttribute).FullName!, typeof(UsedException).FullName!), Found);

    [Fact]
    public void Nested_types_are_the_type_they_are_in() =>
        Assert.DoesNotContain(Found, arrow => arrow.User.Contains('/') || arrow.Used.Contains('/'));
}

public class UsedException : Exception
{
    public static void Work() => Thread.Yield();
}

[AttributeUsage(AttributeTargets.All)]
internal sealed class UsedAttribute(Type type) : Attribute
{
    public Type Type { get; } = type;
}

internal static class InBody
{
    public static void Run() => UsedException.Work();
}

internal static class InAsyncMethod
{
    public static async Task RunAsync()
    {
        await Task.Yield();
        UsedException.Work();
    }
}

internal static class InLambda
{
    public static Action Make(int times) => () =>
    {
        for (var i = 0; i < times; i++)
            UsedException.Work();
    };
}

internal static class InNestedType
{
    internal static class Inner
    {
        public static void Run() => UsedException.Work();
    }
}

internal static class InGenericArgument
{
    public static object Make() => new List<Dictionary<int, UsedException>>();
}

internal static class InConstraint
{
    public static string Run<T>(T value)
        where T : UsedException => value.ToString();
}

internal abstract class InSignature
{
    public abstract UsedException[] All();
}

internal static class InAttribute
{
    [Used(typeof(UsedException))]
    public static void Run()
    {
    }
}

internal enum Kind
{
    First,
    Second,
}

internal static class TakesKind
{
    public static bool IsSecond(Kind kind) => kind == Kind.Second;
}

internal static class InEnumValue
{
    public static bool Run() => TakesKind.IsSecond(Kind.Second);
}

internal static class InCatch
{
    public static void Run(Action action)
    {
        try
        {
            action();
        }
        catch (UsedException)
        {
        }
    }
}

internal static class InPattern
{
    public static bool Run(object value) => value is UsedException;
}
