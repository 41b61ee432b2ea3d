using System.CommandLine;
using System.Net.Sockets;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Temper.Mixture.Sources;

namespace Temper.Cli.Files;

/// <summary>
/// What <c>--output</c> of a command that writes a file names: a file, which is replaced as a whole; a device, a pipe or a socket, which is written
/// to; or standard output. Links are followed.
/// </summary>
internal sealed class OutputFile
{
    /// <summary>What means standard output.</summary>
    public const string StandardOutput = "-";

    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false);

    private readonly string _path;

    private OutputFile(string path) => _path = path;

    /// <summary>Whether it is this program's standard output, which then holds nothing but what is written here.</summary>
    public bool IsStandardOutput => _path == StandardOutput || Target(_path).Descriptor == 1;

    /// <summary>The option, which refuses what cannot be written before anything is computed.</summary>
    public static Option<OutputFile> Option(string description, bool required = true) => new("--output")
    {
        Description = $"{description} {StandardOutput} is standard output.",
        Required = required,
        CustomParser = result =>
        {
            var text = result.Tokens.Single().Value;
            if (Mistake(text) is { } mistake)
            {
                result.AddError(mistake);
                return null;
            }

            return new OutputFile(text);
        },
    };

    /// <summary>The file at a path.</summary>
    /// <exception cref="IOException">Nothing can be written there; says why.</exception>
    public static OutputFile At(string path) => Mistake(path) is { } mistake ? throw new IOException(mistake) : new OutputFile(path);

    /// <summary>
    /// Writes it. What was a regular file before is replaced only once the new one is whole, and keeps its owner and its permissions; if writing fails
    /// it stays as it was.
    /// </summary>
    public void Write(Action<TextWriter> write)
    {
        if (IsStandardOutput)
        {
            WriteTo(Console.OpenStandardOutput(), write);
            return;
        }

        var (target, descriptor) = Target(_path);
        if (descriptor is { } number)
        {
            WriteTo(new FileStream(new SafeFileHandle(number, ownsHandle: false), FileAccess.Write), write);
            return;
        }

        // Looked at again: it may have been made since.
        var entry = PathEntry.Of(target);
        switch (entry.Kind)
        {
            case PathKind.Stream:
                WriteTo(new FileStream(target, FileMode.Open, FileAccess.Write, FileShare.ReadWrite), write);
                break;
            case PathKind.Socket:
                WriteTo(Connect(target), write);
                break;
            case PathKind.File when IsWrittenInPlace(target, entry):
                WriteTo(new FileStream(target, FileMode.Truncate, FileAccess.Write), write);
                break;
            default:
                Replace(target, entry, write);
                break;
        }
    }

    private static string? Mistake(string text)
    {
        if (text == StandardOutput)
        {
            return null;
        }

        if (text.Length == 0)
        {
            return "--output is empty. Name a file, or - for standard output.";
        }

        try
        {
            var (target, descriptor) = Target(text);
            return descriptor is not null ? null : MistakeOf(text, target, PathEntry.Of(target).Kind);
        }
        catch (IOException e)
        {
            return $"--output is '{text}', which cannot be written: {e.Message}";
        }
    }

    private static string? MistakeOf(string text, string target, PathKind kind)
    {
        if (kind == PathKind.Folder || Path.EndsInDirectorySeparator(text))
        {
            return $"--output is '{text}', which is a folder. Name a file, or - for standard output.";
        }

        if (kind != PathKind.Absent)
        {
            return PathEntry.IsWritable(target) ? null : $"--output is '{text}', which you may not write to. Name another file, or - for standard output.";
        }

        var folder = Path.GetDirectoryName(target)!;
        return PathEntry.Of(folder).Kind != PathKind.Folder ? $"--output is '{text}', and there is no folder {folder}. Make it, or name a file in a folder that there is."
            : !PathEntry.IsWritableFolder(folder) ? $"--output is '{text}', and you may not write to the folder {folder}. Name a file elsewhere, or - for standard output."
            : null;
    }

    /// <summary>
    /// Where the links of a path lead. /dev/stdout, /dev/fd/3 and links to them lead to what this process holds open, which is written to as it
    /// is: opened anew by its path, a file would lose what was in it, and one that was deleted would not be found.
    /// </summary>
    private static (string Path, int? Descriptor) Target(string path)
    {
        // Not made absolute by its text: "link/.." is the folder above what the link leads to.
        var target = Path.Combine(Environment.CurrentDirectory, path);
        while (true)
        {
            var folder = RealPath.Of(Path.GetDirectoryName(target) ?? "/");
            target = Path.Combine(folder, Path.GetFileName(target));
            if (folder.StartsWith("/proc/", StringComparison.Ordinal) && Path.GetFileName(folder) == "fd")
            {
                var isOwn = folder.Split('/')[2] == $"{Environment.ProcessId}";
                return (target, isOwn && int.TryParse(Path.GetFileName(target), out var number) ? number : null);
            }

            if (new FileInfo(target).LinkTarget is not { } next)
            {
                return (target, null);
            }

            // It counts the links, and says so if they lead in a circle.
            RealPath.Of(target);
            target = Path.Combine(folder, next);
        }
    }

    // Where nothing can be renamed over it, as over a file that is mounted into a container.
    private static bool IsWrittenInPlace(string target, PathEntry entry) =>
        entry.IsMount || target.StartsWith("/proc/", StringComparison.Ordinal) || !PathEntry.IsWritableFolder(Path.GetDirectoryName(target)!);

    private static void Replace(string target, PathEntry entry, Action<TextWriter> write)
    {
        var draft = $"{target}.{Path.GetRandomFileName()}.unfinished";
        try
        {
            WriteTo(new FileStream(draft, FileMode.CreateNew, FileAccess.Write), write);
            if (entry.Kind == PathKind.File && !OperatingSystem.IsWindows())
            {
                entry.GiveOwnerTo(draft);
                File.SetUnixFileMode(draft, File.GetUnixFileMode(target));
            }

            File.Move(draft, target, overwrite: true);
        }
        catch
        {
            File.Delete(draft);
            throw;
        }
    }

    private static NetworkStream Connect(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void WriteTo(Stream stream, Action<TextWriter> write)
    {
        using var writer = new StreamWriter(stream, s_utf8) { NewLine = "\n" };
        write(writer);
    }
}
