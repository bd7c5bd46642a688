using System.Text.Json;

namespace HyperConn.ConnectionStrings;

/// <summary>
/// Reads the JSON object that Amazon RDS keeps for a database: <c>{engine, host, port, username, password, dbname}</c>
/// (AWS Secrets Manager's manual, "JSON structure of database credential secrets").
/// </summary>
/// <remarks>
/// Further members that are libpq keywords count as such, so that an <c>sslmode</c> beside the login is never lost; other members, such
/// as instance identifiers, mean nothing here.
/// </remarks>
internal static class RdsSecret
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Reads an object into libpq's parameters; null, or what is wrong with it. Values are never repeated.</summary>
    public static string? Parse(string text, Dictionary<string, string> parameters)
    {
        try
        {
            using var json = JsonDocument.Parse(text, Strict);
            var members = json.RootElement.EnumerateObject();
            return members.Select(member => Read(member, parameters)).FirstOrDefault(fault => fault is not null)
                ?? (json.RootElement.TryGetProperty("ssl", out var ssl) ? ReadSsl(ssl, parameters) : null);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            // InvalidOperationException: a member has half of a surrogate pair. Their messages quote the text.
            return "The JSON object can't be read: it is cut off, has a member twice, or has text that is not valid Unicode.";
        }
    }

    /// <summary>Reads a JSON string. False: it isn't one.</summary>
    public static bool TryReadString(string text, out string value)
    {
        value = "";
        try
        {
            using var json = JsonDocument.Parse(text, Strict);
            if (json.RootElement.ValueKind != JsonValueKind.String)
                return false;
            value = json.RootElement.GetString()!;
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            return false;
        }
    }

    private static string? Read(JsonProperty member, Dictionary<string, string> parameters)
    {
        var keyword = member.Name switch
        {
            "username" => "user",
            "database" => "dbname",
            var name => name,
        };
        if (member.Value.ValueKind == JsonValueKind.Null)
            return null;
        if (keyword == "engine")
            return EngineFault(member.Value);
        if (!LibpqKeywords.Contains(keyword))
            return null;

        var value = member.Value.ValueKind switch
        {
            JsonValueKind.String => member.Value.GetString(),
            JsonValueKind.Number => member.Value.GetRawText(),
            JsonValueKind.True => "1",
            JsonValueKind.False => "0",
            _ => null,
        };
        if (value is null)
            return $"The member '{member.Name}' is neither text nor a number.";
        if (value.Contains('\0', StringComparison.Ordinal))
            return $"The member '{member.Name}' has a NUL character, which PostgreSQL can't take.";
        return parameters.TryAdd(keyword, value) || parameters[keyword] == value
            ? null
            : $"The {keyword} is given twice, under different names of the member.";
    }

    private static string? EngineFault(JsonElement engine)
    {
        var name = engine.ValueKind == JsonValueKind.String ? engine.GetString()! : "";
        return name.StartsWith("postgres", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("aurora-postgres", StringComparison.OrdinalIgnoreCase)
            ? null
            : "The engine is neither postgres nor aurora-postgresql: the secret is of another kind of database.";
    }

    private static string? ReadSsl(JsonElement ssl, Dictionary<string, string> parameters)
    {
        switch (ssl.ValueKind)
        {
            case JsonValueKind.False or JsonValueKind.Null:
                return null;
            case JsonValueKind.True:
                // As libpq reads ssl=true in a URI; an sslmode beside it says more.
                parameters.TryAdd("sslmode", "require");
                return null;
            default:
                return "The member 'ssl' is neither true nor false. Write sslmode and sslrootcert instead.";
        }
    }
}
