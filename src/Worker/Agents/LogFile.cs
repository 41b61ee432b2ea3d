using System.Text;
using System.Threading.Channels;

namespace Temper.Worker.Agents;

/// <summary>
/// A file of lines for people that stops nobody: a thread of its own writes it, so a folder that hangs is waited for by nobody else. What cannot be
/// written (a full disk, a folder that is not there, an error of NFS) is dropped and counted, and the file says so when it can be written again.
/// </summary>
public sealed class LogFile : IAsyncDisposable
{
    // What waits for a folder that hangs: 80 MB at most, of lines that are all as long as can be.
    private const int MaxWaiting = 10_000;
    private const int LongestLine = 4096;

    private readonly Channel<string> _lines = Channel.CreateBounded<string>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _path;
    private FileStream? _file;
    private long _dropped;
    private string _why = "";

    /// <summary>A log that appends to the file at <paramref name="path"/>, which is made with its folder when there is something to write.</summary>
    public LogFile(string path)
    {
        _path = path;
        new Thread(WriteAll) { IsBackground = true, Name = "log" }.Start();
    }

    /// <summary>Adds a line. Neither waits nor throws.</summary>
    public void Write(string line)
    {
        if (!_lines.Writer.TryWrite(line.Length > LongestLine ? $"{line.AsSpan(0, LongestLine)}… ({line.Length - LongestLine} characters more)" : line))
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    /// <summary>Takes no more lines, and completes when those that it has are written or dropped; never, if the folder hangs.</summary>
    public ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        return new(_written.Task);
    }

    private void WriteAll()
    {
        foreach (var line in _lines.Reader.ReadAllAsync().ToBlockingEnumerable())
        {
            try
            {
                Append(line);
            }
            catch (Exception e)
            {
                // Whatever it is: people miss a line, and nobody else anything.
                Interlocked.Increment(ref _dropped);
                _why = e.Message;
                Close();
            }
        }

        Close();
        _written.SetResult();
    }

    private void Append(string line)
    {
        // Without a buffer: what could not be written must not come back when the file is closed.
        _file ??= new FileStream(Path.Combine(Directory.CreateDirectory(Path.GetDirectoryName(_path)!).FullName, Path.GetFileName(_path)), FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        if (Interlocked.Read(ref _dropped) is var dropped and > 0)
        {
            _file.Write(Encoding.UTF8.GetBytes($"({dropped} lines are missing here: {(_why.Length > 0 ? _why : "they came faster than they could be written.")})\n"));
            Interlocked.Add(ref _dropped, -dropped);
            _why = "";
        }

        _file.Write(Encoding.UTF8.GetBytes(line + "\n"));
    }

    private void Close()
    {
        try
        {
            _file?.Dispose();
        }
        catch (IOException)
        {
            // It is given up either way.
        }

        _file = null;
    }
}
