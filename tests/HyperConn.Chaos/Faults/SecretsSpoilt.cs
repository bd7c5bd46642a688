using HyperConn.Chaos.Observations;
using HyperConn.Chaos.World;

namespace HyperConn.Chaos.Faults;

/// <summary>Some organisations' secrets are deleted, or what is stored in them is no secret, until they are put right.</summary>
internal sealed class SecretsSpoilt(bool deleted) : IFault
{
    private const int Organisations = 6;

    private static readonly string[] Malformed = ["not json", "[]", "7", """{"direct-postgresql": 7}""", """{"pooled-postgresql": "mysql://a:b@c/d"}"""];

    public string Name => deleted ? "secrets-deleted" : "secrets-malformed";

    public Part Part => Part.Secrets;

    public TimeSpan Aftermath => TimeSpan.FromSeconds(5);

    public TimeSpan RecoveryBound => TimeSpan.FromSeconds(30);

    public Strike Plan(ChaosWorld world, Random random)
    {
        string[] orgs = [.. world.Tenants.Some(random, Organisations).Select(tenant => tenant.Key.Org).Distinct()];
        var texts = orgs.Select(_ => Malformed[random.Next(Malformed.Length)]).ToArray();
        string[] classes = deleted
            ? [ErrorClass.Of(HyperConnErrorCode.SecretNotFound)]
            : [ErrorClass.Of(HyperConnErrorCode.SecretMalformed), ErrorClass.Of(HyperConnErrorCode.KeyNotFound)];
        return new Strike(
            $"the secrets of {orgs.Length} organisations are {(deleted ? "deleted" : "malformed")}",
            [Allowance.Of(orgs, classes)],
            async () =>
            {
                foreach (var (org, text) in orgs.Zip(texts))
                    await (deleted ? world.Maker.DeleteSecretAsync(org) : world.Maker.PutSecretAsync(org, text));

                // So that they are read now, and not when they become due.
                foreach (var tenant in orgs.Select(org => world.Tenants.OfOrg(org)[0]))
                    await world.OrderAsync(new RefreshTenants(new OperatorTarget.Tenant(tenant.Key), "chaos", Name));
            },
            async () =>
            {
                foreach (var org in orgs)
                    await world.Maker.PutSecretAsync(org);
            })
        {
            Touched = [.. orgs.SelectMany(world.Tenants.OfOrg)],
        };
    }
}
