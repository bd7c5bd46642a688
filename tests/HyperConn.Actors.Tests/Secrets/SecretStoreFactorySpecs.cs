using HyperConn.Secrets;
using Microsoft.Extensions.Logging.Abstractions;

namespace HyperConn.Tests.Secrets;

public class SecretStoreFactorySpecs
{
    [Theory]
    [InlineData("aws", typeof(AwsSecretStore))]
    [InlineData(" AWS ", typeof(AwsSecretStore))]
    [InlineData("File", typeof(FileSecretStore))]
    public void A_store_is_named_in_any_case(string name, Type expected)
    {
        using var store = (IDisposable)Create(name);
        Assert.IsType(expected, store);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("vault")]
    public void A_store_there_is_not_is_refused(string? name)
    {
        var refused = Assert.Throws<HyperConnException>(() => Create(name!));
        Assert.Equal(HyperConnErrorCode.NotConfigured, refused.Code);
    }

    private static ISecretStore Create(string name) => SecretStoreFactory.Create(
        new SecretOptions { Store = name, Aws = { Region = "eu-west-1" }, File = { Path = Path.Combine(Path.GetTempPath(), "hyperconn-none.json") } },
        NullLoggerFactory.Instance);
}
