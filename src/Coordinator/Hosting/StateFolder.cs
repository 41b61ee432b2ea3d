namespace Temper.Coordinator.Hosting;

/// <summary>The state folder, held for one coordinator: two over the same files would both believe that they decide.</summary>
internal sealed class StateFolder : IDisposable
{
    private readonly FileStream _lock;

    public StateFolder(string path)
    {
        Directory.CreateDirectory(path);
        try
        {
            _lock = new FileStream(Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new InvalidOperationException($"Another coordinator uses the state folder {path}. Stop it, or give this one a folder of its own.", e);
        }
    }

    public void Dispose() => _lock.Dispose();
}
