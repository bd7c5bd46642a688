using System.Reflection;
using Akka.Configuration;
using Akka.Configuration.Hocon;
using HyperConn.Configuration;

namespace HyperConn.Tests.Configuration;

/// <summary>The two files that list every setting say what <see cref="HyperConnOptions"/> says.</summary>
public class ReferenceSpecs
{
    private static string Reference
    {
        get
        {
            using var stream = typeof(HyperConnOptions).Assembly.GetManifestResourceStream("HyperConn.reference.conf")!;
            return new StreamReader(stream).ReadToEnd();
        }
    }

    private static string ForUsers => File.ReadAllText(Path.Combine(Root(), "hyperconn.conf"));

    public static TheoryData<string> Both => ["reference.conf", "hyperconn.conf"];

    private static string Text(string file) => file == "reference.conf" ? Reference : ForUsers;

    [Theory]
    [MemberData(nameof(Both))]
    public void Lists_exactly_the_settings_there_are(string file) => Assert.Equal(
        Settings(new HyperConnOptions()).Select(setting => setting.Path).Order(StringComparer.Ordinal),
        Leaves(ConfigurationFactory.ParseString(Text(file)).GetConfig("hyperconn").Root, "").Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Both))]
    public void Gives_each_its_default(string file)
    {
        var (options, faults) = (Elsewhere(), new ConfigurationFaults());
        HoconBinder.Bind(ConfigurationFactory.ParseString(Text(file)), options, faults);
        Assert.Empty(faults.All);
        var defaults = Settings(new HyperConnOptions()).ToDictionary(setting => setting.Path, setting => setting.Value);
        if (file == "hyperconn.conf")
            defaults["project-name"] = "martech";
        Assert.All(Settings(options), setting => Assert.Equal(defaults[setting.Path], setting.Value));
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void Says_of_each_why(string file)
    {
        var lines = Text(file).Split("hyperconn-host.")[0].Split('\n');
        for (var line = 1; line < lines.Length; line++)
        {
            if (lines[line].Contains(" = ", StringComparison.Ordinal) && !lines[line].TrimStart().StartsWith('#'))
                Assert.StartsWith("#", lines[line - 1].TrimStart(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Both_say_the_same()
    {
        var body = Reference[Reference.IndexOf("hyperconn {", StringComparison.Ordinal)..];
        Assert.Contains(body.Replace("project-name = \"\"", "project-name = \"martech\"", StringComparison.Ordinal), ForUsers, StringComparison.Ordinal);
    }

    [Fact]
    public void The_users_file_is_ready_to_run()
    {
        var (options, faults) = (new HyperConnOptions(), new ConfigurationFaults());
        HoconBinder.Bind(ConfigurationFactory.ParseString(ForUsers), options, faults);
        Assert.True(new HyperConnOptionsValidator(faults).Validate(null, options).Succeeded);
    }

    /// <summary>Every setting away from its default, so that one a file leaves out shows.</summary>
    private static HyperConnOptions Elsewhere()
    {
        var options = new HyperConnOptions();
        Move(options);
        return options;

        static void Move(object section)
        {
            foreach (var property in section.GetType().GetProperties().Where(HoconBinder.IsSetting))
            {
                if (HoconBinder.IsSection(property))
                    Move(property.GetValue(section)!);
                else
                    property.SetValue(section, Other(property, property.GetValue(section)));
            }
        }

        static object Other(PropertyInfo property, object? value) => value switch
        {
            int number => number + 1,
            double number => number + 0.01,
            bool flag => !flag,
            TimeSpan time => time + TimeSpan.FromSeconds(1),
            Enum choice => Enum.ToObject(choice.GetType(), Convert.ToInt32(choice, System.Globalization.CultureInfo.InvariantCulture) + 1),
            IList<string> => new List<string> { "other" },
            IDictionary<string, string> => new Dictionary<string, string> { ["other"] = "other" },
            null when property.PropertyType == typeof(int?) => 7,
            null or string => "other",
            _ => throw new NotSupportedException($"{property.Name}: teach this test what another value of {property.PropertyType} is."),
        };
    }

    private static IEnumerable<(string Path, object? Value)> Settings(object section, string path = "")
    {
        foreach (var property in section.GetType().GetProperties().Where(HoconBinder.IsSetting))
        {
            var at = path + HoconBinder.KebabCase(property.Name);
            if (!HoconBinder.IsSection(property))
            {
                yield return (at, property.GetValue(section));
                continue;
            }

            foreach (var setting in Settings(property.GetValue(section)!, at + "."))
                yield return setting;
        }
    }

    private static IEnumerable<string> Leaves(HoconValue value, string path)
    {
        foreach (var (key, item) in value.GetObject().Items)
        {
            if (!item.IsObject() || path + key == "schemas.by-org")
                yield return path + key;
            else
            {
                foreach (var leaf in Leaves(item, path + key + "."))
                    yield return leaf;
            }
        }
    }

    private static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "HyperConn.Actors.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException("The tests run outside of the repository.");
    }
}
