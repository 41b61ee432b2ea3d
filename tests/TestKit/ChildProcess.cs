using System.Diagnostics;
using System.Text;

namespace Temper.TestKit;

/// <summary>A program as a child process. Disposing of it kills it with everything that it started.</summary>
public sealed class ChildProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(4);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _printed = new();
    private readonly List<(string Text, TaskCompletionSource<string> Seen)> _awaited = [];

    private ChildProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Hear(line.Data, _printed);
        process.ErrorDataReceived += (_, line) => Hear(line.Data, null);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public bool HasEnded => _process.HasExited;

    /// <summary>What it said on standard output and standard error.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>What it said on standard output alone, which scripts read.</summary>
    public string Printed
    {
        get
        {
            lock (_output)
            {
                return _printed.ToString();
            }
        }
    }

    /// <summary>Starts a program.</summary>
    /// <param name="program">Its file, or its name on the path.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="folder">Where it works.</param>
    /// <param name="environment">Variables besides those of this process.</param>
    public static ChildProcess Start(string program, IEnumerable<string> arguments, string folder, IReadOnlyDictionary<string, string>? environment = null)
    {
        // By way of env, which becomes the program: whoever starts the tests in a shell's background hands down that SIGINT is to be ignored.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = folder,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return new ChildProcess(Process.Start(start)!);
    }

    /// <summary>Runs a program to its end.</summary>
    public static async Task<(int ExitCode, string Output)> Run(string program, IEnumerable<string> arguments, string folder, IReadOnlyDictionary<string, string>? environment = null)
    {
        await using var process = Start(program, arguments, folder, environment);
        return (await process.Exit(), process.Output);
    }

    /// <summary>The exit code, once it has ended.</summary>
    public async Task<int> Exit()
    {
        using var limit = new CancellationTokenSource(s_limit);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The process has not ended after {s_limit}. It said:\n{Output}");
        }

        return _process.ExitCode;
    }

    /// <summary>The first line that contains <paramref name="text"/>.</summary>
    public async Task<string> Says(string text)
    {
        TaskCompletionSource<string> seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_output)
        {
            if (_output.ToString().Split('\n').FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal)) is { } already)
            {
                return already;
            }

            _awaited.Add((text, seen));
        }

        var first = await Task.WhenAny(seen.Task, _process.WaitForExitAsync(), Task.Delay(s_limit));
        return first == seen.Task ? await seen.Task : throw new TimeoutException($"The process never said '{text}'. It said:\n{Output}");
    }

    /// <summary>Sends it a signal by name.</summary>
    public void Signal(string signal) => Signal(Id, signal);

    /// <summary>Sends any process a signal by name.</summary>
    public static void Signal(int process, string signal)
    {
        using var kill = Process.Start("kill", ["-s", signal, $"{process}"]);
        kill.WaitForExit();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Hear(string? line, StringBuilder? also)
    {
        if (line is null)
        {
            return;
        }

        lock (_output)
        {
            _output.Append(line).Append('\n');
            also?.Append(line).Append('\n');
            foreach (var (_, seen) in _awaited.Where(awaited => line.Contains(awaited.Text, StringComparison.Ordinal)))
            {
                seen.TrySetResult(line);
            }
        }
    }
}
