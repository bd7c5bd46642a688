namespace HyperConn.Chaos.Rounds;

/// <summary>What a run is asked for.</summary>
/// <param name="Seed">Decides on all faults.</param>
/// <param name="Duration">How long rounds begin.</param>
/// <param name="Tenants">How many tenants.</param>
/// <param name="Only">Names of the only faults; empty: all.</param>
/// <param name="Report">File for the report; null: none.</param>
/// <param name="Picture">File for the picture; null: none.</param>
internal sealed record ChaosOptions(int Seed, TimeSpan Duration, int Tenants, IReadOnlyList<string> Only, FileInfo? Report, FileInfo? Picture);
