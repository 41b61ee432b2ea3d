namespace Temper.Coordinator.Store;

/// <summary>The state folder, held for one coordinator: two over the same files would both believe that they decide.</summary>
public sealed class StateFolder : IDisposable
{
    private readonly FileStream _lock;

    /// <summary>Makes the folder if it is absent, and takes it.</summary>
    /// <exception cref="InvalidOperationException">Another coordinator has it.</exception>
    public StateFolder(string path)
    {
        Make(path);
        try
        {
            _lock = new FileStream(Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new InvalidOperationException($"Another coordinator uses the state folder {path}. Stop it, or give this one a folder of its own.", e);
        }
    }

    /// <summary>Makes the folder if it is absent; takes nothing.</summary>
    public static void Make(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            // Runs' secrets lie here: a folder made for them is nobody else's to read.
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Gives the folder back.</summary>
    public void Dispose() => _lock.Dispose();
}
