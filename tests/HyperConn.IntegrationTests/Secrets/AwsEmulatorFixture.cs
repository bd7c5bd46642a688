using HyperConn.Testing;

namespace HyperConn.Tests.Integration;

/// <summary>One emulator for all tests of the wire; each test has its own names.</summary>
public sealed class AwsEmulatorFixture : IAsyncLifetime
{
    private AwsEmulator? _emulator;
    private string _reason = "";

    public string Url
    {
        get
        {
            MachinePart.Aws.Need(_emulator is not null, _reason);
            return _emulator.Url;
        }
    }

    public async Task InitializeAsync() => (_emulator, _reason) = await AwsEmulator.TryStartAsync();

    public async Task DisposeAsync()
    {
        if (_emulator is not null)
            await _emulator.DisposeAsync();
    }
}

[CollectionDefinition(Name)]
public sealed class AwsWire : ICollectionFixture<AwsEmulatorFixture>
{
    public const string Name = "AWS wire";
}
