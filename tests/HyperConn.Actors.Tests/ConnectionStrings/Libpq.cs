using System.Runtime.InteropServices;

namespace HyperConn.Tests;

/// <summary>The judge: libpq's own parser, where the machine has the library.</summary>
internal static class Libpq
{
    private static readonly nint Library = Load();

    public static string? MissingReason => Library == 0 ? "libpq is not installed (Debian: libpq5)" : null;

    /// <summary>What PQconninfoParse stores, or null when it refuses.</summary>
    public static Dictionary<string, string>? Parse(string text)
    {
        var parse = Export<ConninfoParse>("PQconninfoParse");
        var utf8 = Marshal.StringToCoTaskMemUTF8(text);
        try
        {
            var options = parse(utf8, out var error);
            if (error != 0)
                Export<FreeMemory>("PQfreemem")(error);
            return options == 0 ? null : ReadAndFree(options, static option => option.Value);
        }
        finally
        {
            Marshal.FreeCoTaskMem(utf8);
        }
    }

    /// <summary>Every keyword this libpq knows.</summary>
    public static IReadOnlyCollection<string> Keywords()
        => ReadAndFree(Export<ConnDefaults>("PQconndefaults")(), static option => option.Keyword).Keys;

    /// <summary>libpq trims unescaped spaces in URIs since PostgreSQL 18, and refuses inner ones; before, they are plain characters.</summary>
    public static bool SpacesArePlain() => Parse("postgresql://h?user= x")?["user"] == " x";

    private static Dictionary<string, string> ReadAndFree(nint options, Func<Option, nint> column)
    {
        try
        {
            var read = new Dictionary<string, string>(StringComparer.Ordinal);
            for (var at = options; ; at += Marshal.SizeOf<Option>())
            {
                var option = Marshal.PtrToStructure<Option>(at);
                if (option.Keyword == 0)
                    return read;
                if (Marshal.PtrToStringUTF8(column(option)) is { } value)
                    read[Marshal.PtrToStringUTF8(option.Keyword)!] = value;
            }
        }
        finally
        {
            Export<FreeMemory>("PQconninfoFree")(options);
        }
    }

    private static nint Load()
    {
        foreach (var name in new[] { "libpq.so.5", "libpq.5.dylib", "libpq.dll", "libpq" })
        {
            if (NativeLibrary.TryLoad(name, out var handle))
                return handle;
        }
        return 0;
    }

    private static T Export<T>(string name)
        where T : Delegate
        => Marshal.GetDelegateForFunctionPointer<T>(NativeLibrary.GetExport(Library, name));

    private delegate nint ConninfoParse(nint conninfo, out nint error);

    private delegate nint ConnDefaults();

    private delegate void FreeMemory(nint memory);

    // PQconninfoOption of libpq-fe.h.
    [StructLayout(LayoutKind.Sequential)]
    private struct Option
    {
        public nint Keyword;
        public nint EnvironmentVariable;
        public nint Compiled;
        public nint Value;
        public nint Label;
        public nint DisplayCharacter;
        public int DisplaySize;
    }
}
