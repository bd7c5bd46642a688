using System.Diagnostics.Metrics;
using HyperConn.Cluster.Operating;
using HyperConn.Primitives;

namespace HyperConn.Cluster.Diagnostics;

/// <summary>The cluster's part of the meter <see cref="HyperConnTelemetry.MeterName"/>. Everything is observed; nothing is asked when a collector reads.</summary>
internal sealed class ClusterMeter : IDisposable
{
    private const string TagReachable = "hyperconn.reachable";

    private readonly NodeView _view;
    private readonly Meter _meter;

    /// <param name="view">What is known of this node.</param>
    /// <param name="factory">Factory of the container; null: none.</param>
    public ClusterMeter(NodeView view, IMeterFactory? factory)
    {
        _view = view;
        var options = new MeterOptions(HyperConnTelemetry.MeterName) { Version = typeof(ClusterMeter).Assembly.GetName().Version?.ToString(3) };
        _meter = factory?.Create(options) ?? new Meter(options);
        _meter.CreateObservableUpDownCounter(
            "hyperconn.cluster.member.count", Members, "{node}", "Members of the cluster, by Akka's word for their state and by whether they are reached.");
        _meter.CreateObservableUpDownCounter(
            "hyperconn.cluster.share", Shares, "{connection}", "This node's share of each server's connections; zero when it has lapsed.");
        _meter.CreateObservableGauge(
            "hyperconn.cluster.coordinator.silence", Silence, "s", "How long ago this node has heard the coordinator of connection budgets; absent before the first word.");
        _meter.CreateObservableCounter(
            "hyperconn.cluster.coordinator.moves", () => _view.Terms, "{term}", "Coordinators this node has heard since its start, by their terms; the first one counts.");
    }

    /// <summary>The meter, for listeners that must tell two nodes apart.</summary>
    internal Meter Meter => _meter;

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<int>> Members()
    {
        if (_view.Parts is not { } parts)
            return [];
        var unreachable = parts.Cluster.State.Unreachable;
        return parts.Members
            .GroupBy(member => (member.Status, IsReachable: !unreachable.Contains(member)))
            .Select(same => new Measurement<int>(
                same.Count(),
                new KeyValuePair<string, object?>(HyperConnTelemetry.TagState, SnakeCase.Of(same.Key.Status)),
                new KeyValuePair<string, object?>(TagReachable, same.Key.IsReachable ? "true" : "false")));
    }

    private IEnumerable<Measurement<int>> Shares() => (_view.Seen?.Status.Servers ?? []).Select(server => new Measurement<int>(
        server.Share,
        new KeyValuePair<string, object?>(HyperConnTelemetry.TagServerAddress, server.Server.Host),
        new KeyValuePair<string, object?>(HyperConnTelemetry.TagServerPort, server.Server.Port)));

    private IEnumerable<Measurement<double>> Silence() => _view.Silence is { } silence ? [new(silence.TotalSeconds)] : [];
}
