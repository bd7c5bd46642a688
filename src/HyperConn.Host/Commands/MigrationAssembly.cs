using System.Reflection;
using System.Runtime.Loader;
using Microsoft.EntityFrameworkCore;

namespace HyperConn.Host.Commands;

/// <summary>An assembly with a context and its migrations. What the tool has, it shares with it; the rest comes from the assembly's folder.</summary>
internal sealed class MigrationAssembly
{
    private MigrationAssembly(Assembly assembly, Type context) => (Assembly, Context) = (assembly, context);

    public Assembly Assembly { get; }

    /// <summary>Type of the context.</summary>
    public Type Context { get; }

    /// <summary>Loads it.</summary>
    /// <param name="path">File of the assembly, where its project was built or published to.</param>
    /// <param name="context">Name of the context's type, with or without its namespace; null: the only one.</param>
    /// <exception cref="CommandException">It can't be loaded, or has no such context; the message says what to do.</exception>
    public static MigrationAssembly Load(string path, string? context)
    {
        var file = Path.GetFullPath(path);
        if (!File.Exists(file))
            throw new CommandException($"There is no assembly '{path}'. Build the project with the migrations, and name its .dll.");
        try
        {
            var assembly = new Surroundings(file).LoadFromAssemblyPath(file);
            return new MigrationAssembly(assembly, Find(assembly, context));
        }
        catch (Exception exception) when (exception is BadImageFormatException or FileLoadException or FileNotFoundException or ReflectionTypeLoadException)
        {
            var why = (exception as ReflectionTypeLoadException)?.LoaderExceptions.FirstOrDefault()?.Message ?? exception.Message;
            throw new CommandException(
                $"'{path}' can't be loaded: {why} It must be an assembly for this version of .NET, with all it needs beside it (dotnet publish, or "
                + "CopyLocalLockFileAssemblies in a library), and with no newer Entity Framework Core than the tool has "
                + $"({typeof(DbContext).Assembly.GetName().Version}).");
        }
    }

    private static Type Find(Assembly assembly, string? name)
    {
        var all = assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(DbContext)) && !type.IsAbstract).ToArray();
        var some = name is null ? all : [.. all.Where(type => type.Name == name || type.FullName == name)];
        return some switch
        {
            [var only] => only,
            [] when all.Length == 0 => throw new CommandException($"'{assembly.GetName().Name}' has no DbContext."),
            [] => throw new CommandException($"'{assembly.GetName().Name}' has no context '{name}'. It has: {Names(all)}."),
            _ => throw new CommandException($"There are several contexts: {Names(some)}. Choose one by --context, with its namespace if need be."),
        };
    }

    private static string Names(IEnumerable<Type> types) => string.Join(", ", types.Select(type => type.FullName).Order(StringComparer.Ordinal));

    private sealed class Surroundings(string file) : AssemblyLoadContext("migrations")
    {
        private readonly AssemblyDependencyResolver _resolver = new(file);

        protected override Assembly? Load(AssemblyName assemblyName)
        {
            // A context of another Entity Framework Core than the tool's would be none to it.
            try
            {
                return Default.LoadFromAssemblyName(assemblyName);
            }
            catch (FileNotFoundException)
            {
                return _resolver.ResolveAssemblyToPath(assemblyName) is { } found ? LoadFromAssemblyPath(found) : null;
            }
        }

        protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
            _resolver.ResolveUnmanagedDllToPath(unmanagedDllName) is { } found ? LoadUnmanagedDllFromPath(found) : 0;
    }
}
