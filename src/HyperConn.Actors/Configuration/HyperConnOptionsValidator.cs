using System.Collections;
using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace HyperConn.Configuration;

/// <summary>Checks all settings at once and says of each fault what to do.</summary>
internal sealed class HyperConnOptionsValidator(ConfigurationFaults faults) : IValidateOptions<HyperConnOptions>
{
    // Task.Delay and timers take no more.
    private static readonly TimeSpan MostTime = TimeSpan.FromDays(24);

    private static readonly string[] RegionVariables = ["AWS_REGION", "AWS_DEFAULT_REGION"];

    public ValidateOptionsResult Validate(string? name, HyperConnOptions options)
    {
        var all = new List<string>(faults.All);
        CheckRanges(options, "", all);
        CheckRequired(options, all);
        CheckTimes(options, all);

        // These rules hold between numbers that are each in range.
        if (options is { Servers: not null, Pools: not null } && !all.Exists(fault => fault.StartsWith("Servers.", StringComparison.Ordinal)))
            all.AddRange(BudgetRules.Validate(options.Servers, options.Pools.MaxPools));
        return all.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(all);
    }

    private static void CheckRanges(object section, string path, List<string> all)
    {
        foreach (var property in section.GetType().GetProperties().Where(HoconBinder.IsSetting))
        {
            var value = property.GetValue(section);
            var at = path.Length == 0 ? property.Name : $"{path}.{property.Name}";
            if (HoconBinder.IsSection(property))
            {
                if (value is null)
                    all.Add($"{at} is null.");
                else
                    CheckRanges(value, at, all);
            }
            else if (value is IEnumerable and not string or null)
            {
                continue;
            }
            else if (property.GetCustomAttributes(typeof(RangeAttribute), false) is [RangeAttribute range] && !range.IsValid(value))
            {
                all.Add($"{at} is {value}; it must be from {range.Minimum} to {range.Maximum}.");
            }
            else if (property.PropertyType.IsEnum && !Enum.IsDefined(property.PropertyType, value))
            {
                all.Add($"{at} is none of {string.Join(", ", Enum.GetNames(property.PropertyType))}.");
            }
            else if (value is TimeSpan time && (time < TimeSpan.Zero || time > MostTime))
            {
                all.Add($"{at} is {time}; it must be from zero to 24 days.");
            }
        }
    }

    private static void CheckRequired(HyperConnOptions options, List<string> all)
    {
        if (string.IsNullOrWhiteSpace(options.ProjectName))
            all.Add("ProjectName is missing: secrets are named <ProjectName>-<org>.");
        else if (!TenantKey.TryCreate(options.ProjectName, "org", out _, out _))
            all.Add("ProjectName has characters a secret's name can't have (allowed: A-Z a-z 0-9 / _ + = . @ -), or is too long.");
        if (options.Services is null)
        {
            all.Add("Services is null; leave it empty to allow any service.");
        }
        else
        {
            foreach (var service in options.Services)
            {
                if (!TenantKey.TryCreate(service, "org", out _, out var fault))
                    all.Add($"Services: {fault}");
            }
        }

        if (options.Secrets is not { } secrets)
            return;
        switch (secrets.Store?.Trim().ToLowerInvariant())
        {
            case "aws":
                CheckAws(secrets.Aws, all);
                break;
            case "file":
                if (string.IsNullOrWhiteSpace(secrets.File?.Path))
                    all.Add("Secrets.File.Path is missing: give a JSON file or a folder of them.");
                break;
            default:
                all.Add("Secrets.Store is neither 'aws' nor 'file'.");
                break;
        }
    }

    private static void CheckAws(AwsSecretOptions? aws, List<string> all)
    {
        if (aws is null)
            return;
        if (string.IsNullOrWhiteSpace(aws.Region) && !RegionVariables.Any(HasValue))
            all.Add("Secrets.Aws.Region is missing, and neither AWS_REGION nor AWS_DEFAULT_REGION is set: AWS Secrets Manager is regional.");
        if (string.IsNullOrEmpty(aws.AccessKeyId) != string.IsNullOrEmpty(aws.SecretAccessKey))
            all.Add("Secrets.Aws.AccessKeyId and SecretAccessKey go together: give both, or neither for the SDK's credential chain.");
        if (aws.ServiceUrl is not null && !(Uri.TryCreate(aws.ServiceUrl, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"))
            all.Add("Secrets.Aws.ServiceUrl is not an absolute http or https address.");
        if (aws.Timeout <= TimeSpan.Zero)
            all.Add("Secrets.Aws.Timeout must be more than zero.");
    }

    private static bool HasValue(string variable) => !string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(variable));

    private static void CheckTimes(HyperConnOptions options, List<string> all)
    {
        if (options.Secrets is { } secrets)
        {
            if (secrets.TimeToLive <= TimeSpan.Zero)
                all.Add("Secrets.TimeToLive must be more than zero.");
            if (secrets.HardLimit < secrets.TimeToLive)
                all.Add("Secrets.HardLimit must be at least Secrets.TimeToLive.");
        }

        if (options.Pools is { } pools && pools.AcquireTimeout <= TimeSpan.Zero)
            all.Add("Pools.AcquireTimeout must be more than zero.");
        if (options.Connections is not { } connections)
            return;
        if (connections.IdleLifetime < TimeSpan.FromSeconds(1) || connections.IdleLifetime > TimeSpan.FromDays(1))
            all.Add("Connections.IdleLifetime must be 1 second to 1 day.");
        if (connections.ConnectTimeout <= TimeSpan.Zero)
            all.Add("Connections.ConnectTimeout must be more than zero.");
        if (connections.CommandTimeout < TimeSpan.Zero)
            all.Add("Connections.CommandTimeout must not be negative; zero: no limit.");
    }
}
