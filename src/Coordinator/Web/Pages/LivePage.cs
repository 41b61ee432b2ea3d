using Microsoft.AspNetCore.Components;
using Temper.Coordinator.Web.Live;
using Temper.Coordinator.Web.Visits;

namespace Temper.Coordinator.Web.Pages;

/// <summary>A page that follows something as long as it is open.</summary>
/// <typeparam name="T">What it shows.</typeparam>
public abstract class LivePage<T> : ComponentBase, IDisposable
    where T : class
{
    private string? _key;
    private Watch<T>? _watch;
    private bool _isDisposed;

    [Inject]
    private Feeds Feeds { get; set; } = null!;

    [Inject]
    private protected Sources Sources { get; set; } = null!;

    [Inject]
    private protected Visit Visit { get; set; } = null!;

    /// <summary>What was read last; null before that, and if there is no such thing.</summary>
    private protected T? Now => _watch?.Last.Value;

    /// <summary>Why that may be old.</summary>
    private protected string? Trouble => _watch?.Last.Trouble;

    /// <summary>Whether it was looked for and is not there.</summary>
    private protected bool IsMissing => _watch is { Last: { Value: null, Trouble: null } };

    /// <summary>What to follow.</summary>
    private protected abstract Source<T> Source();

    /// <summary>Called before it is shown again.</summary>
    private protected virtual void Changed()
    {
    }

    protected override async Task OnParametersSetAsync()
    {
        var source = Source();
        if (source.Key == _key)
        {
            return;
        }

        _key = source.Key;
        _watch?.Dispose();
        _watch = null;
        var watch = await Feeds.WatchAsync(source, OnChanged);
        if (_isDisposed || source.Key != _key)
        {
            watch.Dispose();
            return;
        }

        _watch = watch;
        Changed();
    }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        _isDisposed = true;
        _watch?.Dispose();
    }

    private void OnChanged() => _ = InvokeAsync(async () =>
    {
        if (!_isDisposed && _watch is not null && await Visit.GoesOnAsync())
        {
            Changed();
            StateHasChanged();
        }
    });
}
