using System.Reflection;

namespace HyperConn.Tests.PublicApi;

public class ClosedHierarchySpecs
{
    [Theory]
    [InlineData(typeof(OperatorCommand))]
    [InlineData(typeof(OperatorTarget))]
    [InlineData(typeof(CircuitScope))]
    public void Nobody_else_can_derive_from(Type type) => Assert.Contains(
        type.GetMembers(BindingFlags.Instance | BindingFlags.NonPublic).OfType<MethodInfo>(),
        method => method is { IsAbstract: true, IsAssembly: true });

    [Fact]
    public void The_commands_are_pause_resume_drain_refresh_and_ban() => Assert.Equal(
        [typeof(BanTenants), typeof(DrainTenants), typeof(PauseTenants), typeof(RefreshTenants), typeof(ResumeTenants)],
        typeof(OperatorCommand).Assembly.GetTypes().Where(type => type.BaseType == typeof(OperatorCommand)).OrderBy(type => type.Name, StringComparer.Ordinal));
}
