using System.Runtime.InteropServices;

namespace Temper.Cli.Files;

/// <summary>What a path leads to, links followed.</summary>
internal enum PathKind
{
    /// <summary>Nothing.</summary>
    Absent,

    /// <summary>A regular file.</summary>
    File,

    /// <summary>A folder.</summary>
    Folder,

    /// <summary>A socket.</summary>
    Socket,

    /// <summary>A device or a pipe: opened and written to, with nothing to replace.</summary>
    Stream,
}

/// <summary>
/// What the operating system says of a path, which .NET does not: whether it is a regular file, and whose.
/// </summary>
/// <param name="Kind">What it is.</param>
/// <param name="User">Number of its owner.</param>
/// <param name="Group">Number of its group.</param>
/// <param name="IsMount">Whether something is mounted on just this path, so that nothing can be renamed over it.</param>
internal sealed partial record PathEntry(PathKind Kind, uint User, uint Group, bool IsMount)
{
    private const int WorkingFolder = -100;
    private const int BasicFields = 0x7ff;
    private const ulong MountRoot = 0x2000;
    private const int NotFound = 2;
    private const int NotAFolder = 20;
    private const int Write = 2;
    private const int Enter = 1;

    /// <summary>Looks at a path.</summary>
    /// <exception cref="IOException">It cannot be looked at; says why.</exception>
    public static PathEntry Of(string path)
    {
        if (Stat(WorkingFolder, path, 0, BasicFields, out var found) != 0)
        {
            return Marshal.GetLastPInvokeError() is NotFound or NotAFolder
                ? new PathEntry(PathKind.Absent, 0, 0, false)
                : throw new IOException($"{path}: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        var kind = (found.Mode & 0xf000) switch
        {
            0x8000 => PathKind.File,
            0x4000 => PathKind.Folder,
            0xc000 => PathKind.Socket,
            _ => PathKind.Stream,
        };
        return new PathEntry(kind, found.User, found.Group, (found.Attributes & MountRoot) != 0);
    }

    /// <summary>Whether this user may write to a file.</summary>
    public static bool IsWritable(string path) => Access(path, Write) == 0;

    /// <summary>Whether this user may make and rename files in a folder.</summary>
    public static bool IsWritableFolder(string path) => Access(path, Write | Enter) == 0;

    /// <summary>Gives a file the owner of this entry, as far as this user may.</summary>
    public void GiveOwnerTo(string path)
    {
        // Only an administrator may give files away; for all others it is their own already.
        _ = Own(path, User, Group);
    }

    // statx and not stat: its layout is the same on all processors.
    [LibraryImport("libc.so.6", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Stat(int folder, string path, int flags, uint mask, out Statx found);

    [LibraryImport("libc.so.6", EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Access(string path, int mode);

    [LibraryImport("libc.so.6", EntryPoint = "chown", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Own(string path, uint user, uint group);

    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Statx
    {
        [FieldOffset(8)]
        public ulong Attributes;

        [FieldOffset(20)]
        public uint User;

        [FieldOffset(24)]
        public uint Group;

        [FieldOffset(28)]
        public ushort Mode;
    }
}
