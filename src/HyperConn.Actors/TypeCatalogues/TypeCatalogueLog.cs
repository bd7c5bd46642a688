using Microsoft.Extensions.Logging;

namespace HyperConn.TypeCatalogues;

/// <summary>Log messages of shared catalogues: event id 1060.</summary>
internal static partial class TypeCatalogueLog
{
    [LoggerMessage(1060, LogLevel.Warning,
        "Type catalogues are not shared, each pool loads its own: this version of Npgsql lacks {Missing}", EventName = "TypesNotShared")]
    public static partial void NotShared(ILogger logger, string missing);
}
