using System.Diagnostics;
using System.Text;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary>The real program as a child process. Disposing of it kills it with everything that it started.</summary>
internal sealed class TemperProcess : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _printed = new();
    private readonly List<(string Text, TaskCompletionSource<string> Seen)> _awaited = [];

    private TemperProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Hear(line.Data, _printed);
        process.ErrorDataReceived += (_, line) => Hear(line.Data, null);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

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

    /// <summary>Starts <c>temper</c> with these arguments.</summary>
    public static TemperProcess Start(IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        // By way of env, which becomes temper: whoever starts the tests in a shell's background hands down that SIGINT is to be ignored.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", Path.Combine(AppContext.BaseDirectory, "temper")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return new TemperProcess(Process.Start(start)!);
    }

    /// <summary>Runs <c>temper</c> to its end.</summary>
    public static Task<(int ExitCode, string Output)> Run(params string[] arguments) => RunIn(new Dictionary<string, string>(), arguments);

    /// <summary>Runs <c>temper</c> to its end, with more environment variables.</summary>
    public static async Task<(int ExitCode, string Output)> RunIn(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        await using var process = Start(arguments, environment);
        return (await process.Exit(), process.Output);
    }

    /// <summary>The exit code, once it has ended.</summary>
    public async Task<int> Exit()
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"temper has not ended after {Limit}. It said:\n{Output}");
        }

        return _process.ExitCode;
    }

    /// <summary>The first line that contains <paramref name="text"/>.</summary>
    public async Task<string> Says(string text)
    {
        TaskCompletionSource<string> seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_output)
        {
            if (_output.ToString().Split('\n').FirstOrDefault(line => line.Contains(text)) is { } already)
            {
                return already;
            }

            _awaited.Add((text, seen));
        }

        var first = await Task.WhenAny(seen.Task, _process.WaitForExitAsync(), Task.Delay(Limit));
        return first == seen.Task ? await seen.Task : throw new TimeoutException($"temper never said '{text}'. It said:\n{Output}");
    }

    /// <summary>Ctrl-C.</summary>
    public void Interrupt() => Processes.Signal(Id, "INT");

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
            foreach (var (text, seen) in _awaited.Where(awaited => line.Contains(awaited.Text)))
            {
                seen.TrySetResult(line);
            }
        }
    }
}
