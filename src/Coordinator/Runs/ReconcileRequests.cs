using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Temper.Coordinator.Runs;

/// <summary>What grains ask of the reconciler of this coordinator.</summary>
internal sealed class ReconcileRequests : IDisposable
{
    private readonly SemaphoreSlim _wanted = new(0, 1);
    private readonly ConcurrentQueue<string> _partialReports = [];
    private volatile bool _isAskedFor;

    /// <summary>Asks for a reconciliation soon, by whichever coordinator reconciles.</summary>
    public void Wake()
    {
        _isAskedFor = true;
        WakeThisOne();
    }

    /// <summary>Asks for a round of this coordinator's reconciler alone.</summary>
    public void WakeThisOne()
    {
        try
        {
            _wanted.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is asked for already.
        }
    }

    /// <summary>
    /// Asks for the report of a run that failed or was cancelled after it had made steps. It has ended whether or not that can be written, so
    /// this is tried once and forgotten in a crash.
    /// </summary>
    public void Report(string runId)
    {
        _partialReports.Enqueue(runId);
        Wake();
    }

    /// <summary>Whether <see cref="Wake"/> was called since this was last asked.</summary>
    public bool TakeWake()
    {
        var asked = _isAskedFor;
        _isAskedFor = false;
        return asked;
    }

    /// <summary>The next run whose report was asked for.</summary>
    public bool TryTakeReport([NotNullWhen(true)] out string? runId) => _partialReports.TryDequeue(out runId);

    /// <summary>Ends when a round is asked for.</summary>
    public Task WaitAsync(CancellationToken ct) => _wanted.WaitAsync(ct);

    public void Dispose() => _wanted.Dispose();
}
