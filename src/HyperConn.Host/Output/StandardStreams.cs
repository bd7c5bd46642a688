using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace HyperConn.Host;

/// <summary>Standard output can't be written any more: nobody reads it, or its disk is full.</summary>
internal sealed class OutputLostException(string message) : IOException(message);

/// <summary>
/// Makes standard streams behave when they are closed, full or read by nobody: output that is lost ends the command, messages that are lost
/// end nothing.
/// </summary>
internal static class StandardStreams
{
    private const int CloseOnExec = 0x80000;
    private const int Interrupted = 4;
    private const int TryAgain = 11;
    private const int BrokenPipe = 32;

    /// <summary>Whether the process was given a standard input.</summary>
    public static bool HasInput { get; private set; } = true;

    /// <summary>Sets the console up; once, before anything is written.</summary>
    public static void Guard()
    {
        HasInput = WasGiven(0);
        if (!HasInput)
            Console.SetIn(TextReader.Null);
        if (!WasGiven(1))
            Console.SetOut(TextWriter.Null);
        else if (!OperatingSystem.IsWindows() && Console.IsOutputRedirected)
            Console.SetOut(new StreamWriter(new OutputStream(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true });
        Console.SetError(WasGiven(2) ? new ForgivingWriter(Console.Error) : TextWriter.Null);
    }

    // A stream that was closed leaves its number to the next file that is opened: one of the runtime's own. Those are closed in children,
    // and what was handed to this process can't have been.
    private static bool WasGiven(int number)
    {
        if (!OperatingSystem.IsLinux())
            return true;
        try
        {
            var flags = File.ReadLines($"/proc/self/fdinfo/{number}").FirstOrDefault(line => line.StartsWith("flags:", StringComparison.Ordinal));
            return flags is null || (Convert.ToInt32(flags[6..].Trim(), 8) & CloseOnExec) == 0;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException)
        {
            return true;
        }
    }

    /// <summary>Standard output that says when it is lost; the console's own swallows that a pipe is broken.</summary>
    private sealed class OutputStream : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            while (!buffer.IsEmpty)
            {
                var written = WriteOut(1, ref MemoryMarshal.GetReference(buffer), (nuint)buffer.Length);
                if (written >= 0)
                {
                    buffer = buffer[(int)written..];
                    continue;
                }

                switch (Marshal.GetLastPInvokeError())
                {
                    case Interrupted:
                        break;
                    case TryAgain:
                        Thread.Sleep(1);
                        break;
                    case BrokenPipe:
                        throw new OutputLostException("Nobody reads standard output any more.");
                    case var error:
                        throw new OutputLostException($"Standard output can't be written: {new Win32Exception(error).Message}.");
                }
            }
        }

        [DllImport("libc", EntryPoint = "write", SetLastError = true)]
        [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        private static extern nint WriteOut(int handle, ref byte bytes, nuint count);
    }

    /// <summary>Standard error: there is nobody to tell that it can't be written.</summary>
    private sealed class ForgivingWriter(TextWriter inner) : TextWriter(CultureInfo.InvariantCulture)
    {
        public override Encoding Encoding => inner.Encoding;

        public override void Write(char value) => Try(() => inner.Write(value));

        public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

        public override void Write(string? value) => Try(() => inner.Write(value));

        public override void WriteLine(string? value) => Try(() => inner.WriteLine(value));

        public override void Flush() => Try(inner.Flush);

        private static void Try(Action write)
        {
            try
            {
                write();
            }
            catch (IOException)
            {
                // It goes nowhere, as it was asked to.
            }
        }
    }
}
