using System.Runtime.CompilerServices;
using HyperConn.Primitives;
using HyperConn.Schedules.Exploring;
using HyperConn.TypeCatalogues;
using Microsoft.Extensions.Time.Testing;

namespace HyperConn.Tests.Schedules.Scenarios;

/// <summary>Two databases that say the same put their catalogues on the shelf at once: both use one.</summary>
internal sealed class ShelfOfTwo : Scenario
{
    private static readonly Digest Content = new(1, 2, 3, 4);
    private static readonly SharedCatalogue[] Made = [New(), New()];

    public override int? Preemptions => null;

    public override Play Begin()
    {
        var shelf = new CatalogueShelf(new MonotonicClock(new FakeTimeProvider()));
        var used = new SharedCatalogue?[2];
        return new Play(
            () => used[0] is not null && used[0] == used[1] && used[0] == shelf.Find(Key(0)) && shelf.Count().Catalogues == 1 ? null : "Two catalogues say the same.",
            () => used[0] = shelf.Put(Key(0), Content, Made[0]),
            () => used[1] = shelf.Put(Key(1), Content, Made[1]),
            () =>
            {
                shelf.TidyNowAndThen();
                Stage.Require(shelf.Find(Key(0)) is not { } found || Made.Contains(found), "What was found was never put there.");
            });
    }

    private static CatalogueKey Key(int database) => new($"db{database}", 5432, "16", Content);

    private static SharedCatalogue New() => (SharedCatalogue)RuntimeHelpers.GetUninitializedObject(typeof(SharedCatalogue));
}

/// <summary>A question is looked for while two ask: an answer is found that is late enough, or none.</summary>
internal sealed class ChecksFound : Scenario
{
    private static readonly DatabaseAddress Database = new("db1", 5432, "d");
    private static readonly Task<CatalogueProof?>[] Answers = [Task.FromResult<CatalogueProof?>(default), Task.FromResult<CatalogueProof?>(default)];

    public override int? Preemptions => null;

    public override Play Begin()
    {
        var checks = new ChecksUnderWay();
        return new Play(
            () => checks.Find(Database, "16", TimeSpan.Zero, briefly: true) is null ? "No question is known." : null,
            () => checks.Begin(Database, "16", TimeSpan.FromSeconds(1), briefly: true, Answers[0]),
            () => checks.Begin(Database, "16", TimeSpan.FromSeconds(2), briefly: false, Answers[1]),
            () =>
            {
                var found = checks.Find(Database, "16", TimeSpan.FromSeconds(2), briefly: false);
                Stage.Require(found is null || found == Answers[1], "An answer that is too old.");
            });
    }
}
