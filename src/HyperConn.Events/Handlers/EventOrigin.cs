namespace HyperConn.Events;

/// <summary>Where an event comes from, for those who handle it elsewhere.</summary>
/// <param name="Source">Name of the source, for handlers.</param>
/// <param name="Scope">Scope of its id in the inbox; null: no inbox is kept.</param>
internal sealed record EventOrigin(string Source, string? Scope);
