using Akka.Configuration;

namespace HyperConn.Host;

/// <summary>Reads configuration files; the only place of the host that does.</summary>
internal static class HoconFile
{
    // Milliseconds are usual; this only ends what would never end.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Reads a file. <c>${NAME}</c> and <c>${?NAME}</c> stand for environment variables.</summary>
    /// <exception cref="CommandException">There is none, or it can't be read; the message says where and quotes nothing of it.</exception>
    public static Config Load(string path)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandException($"There is no configuration file '{path}'. Give one with --config.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"The configuration file '{path}' can't be read.");
        }

        return Parse(path, text, Environment.GetEnvironmentVariable);
    }

    /// <summary>Reads a file's text.</summary>
    /// <exception cref="CommandException">It is not HOCON; the message says where and quotes nothing of it.</exception>
    public static Config Parse(string path, string text, Func<string, string?> variable)
    {
        (int Line, int Column)? suspect = null;
        try
        {
            (text, suspect) = HoconScanner.Scan(text, variable);
            var parsing = Task.Factory.StartNew(() => ConfigurationFactory.ParseString(text), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            if (!parsing.Wait(Patience))
                throw new CommandException($"{path} could not be read within {Patience.TotalSeconds:0} s: it is not HOCON.");
            return HoconCycles.Find(parsing.Result) is { } circle
                ? throw new CommandException($"{path}: a value stands for itself ({Printable.Line(circle)}). Give one of them a value of its own.")
                : parsing.Result;
        }
        catch (FormatException fault)
        {
            throw new CommandException($"{path}, {fault.Message}");
        }
        catch (AggregateException)
        {
            // The parser's own message has the line's text in it.
            throw new CommandException(suspect is var (line, column)
                ? $"{path}, line {line}, column {column}: unexpected character. Put values in double quotes."
                : $"{path} is not HOCON. Put values that have other characters than letters and digits in double quotes.");
        }
    }
}
