using System.Security.Cryptography;
using System.Text;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace HyperConn.Tests;

/// <summary>
/// Runs tests in another order for each seed in HYPERCONN_TEST_ORDER, to show that none needs another. Without one in xunit's own, but collections of several classes
/// first: they take longest, and one that begins last is waited for.
/// </summary>
public sealed class ShuffledOrder(IMessageSink messages) : ITestCaseOrderer, ITestCollectionOrderer
{
    private static readonly string? Seed = Environment.GetEnvironmentVariable("HYPERCONN_TEST_ORDER");

    public IEnumerable<TTestCase> OrderTestCases<TTestCase>(IEnumerable<TTestCase> testCases)
        where TTestCase : ITestCase
        => string.IsNullOrEmpty(Seed)
            ? new DefaultTestCaseOrderer(messages).OrderTestCases(testCases)
            : testCases.OrderBy(one => Place(one.UniqueID), StringComparer.Ordinal);

    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections)
        => string.IsNullOrEmpty(Seed)
            ? new DefaultTestCollectionOrderer().OrderTestCollections(testCollections).OrderBy(one => one.CollectionDefinition is null)
            : testCollections.OrderBy(one => Place(one.UniqueID.ToString()), StringComparer.Ordinal);

    private static string Place(string id) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{Seed}:{id}")));
}
