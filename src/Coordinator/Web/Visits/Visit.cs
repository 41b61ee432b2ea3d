using Microsoft.AspNetCore.Components;
using Temper.Coordinator.Security;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Web.Visits;

/// <summary>Who looks at one open page, for as long as it is open. What they may do is looked up again before they do it.</summary>
internal sealed class Visit(Sessions sessions, NavigationManager navigation)
{
    // Often enough that a revoked key sees no more than this much more.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private string? _keyId;
    private long _lookedUpAt;

    /// <summary>Who it was when it was last looked up; null before and after the visit.</summary>
    public Visitor? Visitor { get; private set; }

    public Task BeginAsync(string? keyId)
    {
        _keyId = keyId;
        return LookUpAsync();
    }

    /// <summary>Whether they may do what needs a role. Who is no longer let in is sent to sign in.</summary>
    public async Task<bool> MayAsync(Role least)
    {
        await LookUpAsync().ConfigureAwait(true);
        if (Visitor is null)
        {
            Leave();
        }

        return Visitor?.Role >= least;
    }

    /// <summary>Whether they may go on looking; asked at each change of what they see.</summary>
    public async Task<bool> GoesOnAsync() =>
        (Visitor is not null && TimeProvider.System.GetElapsedTime(_lookedUpAt) < Interval) || await MayAsync(Role.Viewer).ConfigureAwait(true);

    private async Task LookUpAsync()
    {
        Visitor = await sessions.VisitorAsync(_keyId).ConfigureAwait(true);
        _lookedUpAt = TimeProvider.System.GetTimestamp();
    }

    private void Leave() => navigation.NavigateTo($"/signin?ended=true&return={Uri.EscapeDataString("/" + navigation.ToBaseRelativePath(navigation.Uri))}", forceLoad: true);
}
