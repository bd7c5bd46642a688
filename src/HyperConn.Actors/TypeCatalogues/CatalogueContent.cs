using System.Globalization;
using Npgsql.Internal;
using Npgsql.PostgresTypes;

namespace HyperConn.TypeCatalogues;

/// <summary>What a catalogue says, as a digest: two that say the same, wherever they were loaded, are one.</summary>
internal static class CatalogueContent
{
    /// <summary>The digest of everything a data source can learn from it.</summary>
    public static Digest Of(NpgsqlDatabaseInfo loaded, IEnumerable<PostgresType> types)
    {
        using var text = new DigestBuilder();
        text.Add(loaded.ServerVersion);
        text.Add(loaded.Version.ToString());
        text.Add(loaded.HasIntegerDateTimes ? "t" : "f");
        foreach (var type in types.OrderBy(type => type.OID))
        {
            text.Add(Number(type.OID));
            text.Add(type.Namespace);
            text.Add(type.InternalName);
            Describe(type, text);
        }

        return text.Finish();
    }

    private static void Describe(PostgresType type, DigestBuilder text)
    {
        text.Add(type.GetType().Name);
        switch (type)
        {
            case PostgresArrayType array:
                text.Add(Number(array.Element.OID));
                break;
            case PostgresRangeType range:
                text.Add(Number(range.Subtype.OID));
                break;
            case PostgresMultirangeType multirange:
                text.Add(Number(multirange.Subrange.OID));
                break;
            case PostgresDomainType domain:
                text.Add(Number(domain.BaseType.OID));
                text.Add(domain.NotNull ? "t" : "f");
                break;
            case PostgresEnumType labels:
                foreach (var label in labels.Labels)
                    text.Add(label);
                break;
            case PostgresCompositeType composite:
                foreach (var field in composite.Fields)
                {
                    text.Add(field.Name);
                    text.Add(Number(field.Type.OID));
                }

                break;
        }

        text.EndRow();
    }

    private static string Number(uint oid) => oid.ToString(CultureInfo.InvariantCulture);
}
