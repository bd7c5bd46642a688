namespace HyperConn.Schedules.Exploring;

/// <summary>The places in the code where the scheduler may take over, by number.</summary>
public static class Sites
{
    private static readonly Lock Gate = new();
    private static readonly List<Site> All = [new Site("the scenario", "point", "")];

    /// <summary>The place of <see cref="Exploring.Stage.Point"/> and of a wait.</summary>
    public const int Stage = 0;

    /// <summary>Notes a place.</summary>
    /// <param name="method">The method it is in.</param>
    /// <param name="operation">What is done there.</param>
    /// <param name="key">What orders those who do it, if it is not an address.</param>
    public static int Add(string method, string operation, string key = "")
    {
        lock (Gate)
        {
            All.Add(new Site(method, operation, key));
            return All.Count - 1;
        }
    }

    /// <summary>The place of a number.</summary>
    public static Site Of(int number)
    {
        lock (Gate)
            return All[number];
    }
}

/// <summary>One place in the code.</summary>
/// <param name="Method">The method it is in.</param>
/// <param name="Operation">What is done there.</param>
/// <param name="Key">What orders those who do it, if it is not an address.</param>
public sealed record Site(string Method, string Operation, string Key)
{
    public override string ToString() => $"{Method}: {Operation}";
}
