using System.Globalization;
using System.Text.Json;
using HyperConn.Tests.Support;

namespace HyperConn.Tests.Integration;

/// <summary>Many organisations in a secrets file of their own, one in ten of which is not in it.</summary>
internal sealed class PassingTenants : IDisposable
{
    private const int OneMissingIn = 10;

    private readonly string _folder = Directory.CreateTempSubdirectory("hyperconn-growth-").FullName;

    /// <param name="count">How many.</param>
    /// <param name="hostOf">Each one's server.</param>
    public PassingTenants(int count, Func<int, string> hostOf)
    {
        using (var stream = File.Create(Path))
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            for (var i = 0; i < count; i++)
            {
                if (IsMissing(i))
                    continue;
                json.WriteStartObject($"{MemorySecretStore.Project}-{Key(i).Org}");
                json.WriteString("core-postgresql", $"postgresql://app:secret@{hostOf(i)}/{Key(i).Org}");
                json.WriteEndObject();
                if (json.BytesPending > 1 << 20)
                    json.Flush();
            }

            json.WriteEndObject();
        }

        // A file that was written a moment ago is read again at each look-up.
        File.SetLastWriteTimeUtc(Path, DateTime.UtcNow.AddHours(-1));
    }

    public string Path => System.IO.Path.Combine(_folder, "secrets.json");

    public static TenantKey Key(int number) => TenantKey.Create("core", "org" + number.ToString(CultureInfo.InvariantCulture));

    public static bool IsMissing(int number) => number % OneMissingIn == OneMissingIn - 1;

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
