using FsCheck;
using FsCheck.Fluent;
using HyperConn.Servers;

namespace HyperConn.Tests.Budgets;

public class LedgerModelSpecs
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(400).WithEndSize(250);

    [Fact]
    public void Whatever_happens_permits_are_kept_and_shared_by_the_rules() =>
        Walk(new ServerOptions { MaxConnections = 5, MaxConcurrentOpens = 3 }, BudgetTuning.Immediate);

    [Fact]
    public void Also_with_pauses() =>
        Walk(new ServerOptions { MaxConnections = 5, MaxConcurrentOpens = 3 }, BudgetTuning.Default);

    [Fact]
    public void Also_with_floors_and_a_reserve() =>
        Walk(new ServerOptions { MaxConnections = 7, MaxConcurrentOpens = 4, FloorPerTenant = 1, Reserve = 2 }, BudgetTuning.Default);

    [Fact]
    public void Also_in_auto() =>
        Walk(new ServerOptions { MaxConcurrentOpens = 2 }, BudgetTuning.Default);

    private static void Walk(ServerOptions options, BudgetTuning tuning) =>
        Check.One(Thorough, Prop.ForAll(BudgetCommand.Lists, commands =>
        {
            var model = new BudgetModel(options, tuning);
            foreach (var command in commands)
            {
                command.Do(model);
                model.CheckBooks();
            }
            model.CheckThatAllEndWell();
        }));
}
