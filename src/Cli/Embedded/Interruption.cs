using System.Runtime.InteropServices;

namespace Temper.Cli.Embedded;

/// <summary>
/// What the user wants when Ctrl-C is pressed, the terminal is closed or the process is asked to end: the first time an orderly end,
/// the second time an end at once.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _atOnce = new();
    private readonly List<PosixSignalRegistration> _signals;
    private Action _orderly;
    private bool _wasAsked;

    /// <summary>Listens for requests to end; until <see cref="Orderly"/> is called, a request ends the program at once.</summary>
    public Interruption()
    {
        _orderly = _atOnce.Cancel;
        _signals = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(signal => PosixSignalRegistration.Create(signal, Hear))];
    }

    /// <summary>Cancelled when everything should end at once.</summary>
    public CancellationToken AtOnce => _atOnce.Token;

    /// <summary>From now on the first wish calls <paramref name="orderly"/>.</summary>
    public void Orderly(Action orderly)
    {
        lock (_lock)
        {
            _orderly = orderly;
        }
    }

    public void Dispose()
    {
        _signals.ForEach(signal => signal.Dispose());
        _atOnce.Dispose();
    }

    private void Hear(PosixSignalContext signal)
    {
        signal.Cancel = true;
        lock (_lock)
        {
            (_wasAsked ? _atOnce.Cancel : _orderly)();
            _wasAsked = true;
        }
    }
}
