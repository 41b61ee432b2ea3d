using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Temper.Coordinator.Configuration;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Security;

/// <summary>
/// Who is signed in. A browser keeps the id of its API key in a cookie that only this service can write and read and that no script sees;
/// the key itself is typed once and kept nowhere. Whether the key still opens anything is looked up each time.
/// </summary>
internal sealed class Sessions(IDataProtectionProvider protection, KeyStore keys, CoordinatorOptions options)
{
    public const string Cookie = "temper-session";
    private static readonly TimeSpan Longest = TimeSpan.FromDays(7);
    private readonly ITimeLimitedDataProtector _protector = protection.CreateProtector("temper.session").ToTimeLimitedDataProtector();
    private readonly bool _isBeyondLoopback = !options.IsLoopback;

    /// <summary>Remembers in a browser who is there.</summary>
    public void Begin(HttpContext context, ApiKey key) => context.Response.Cookies.Append(Cookie, _protector.Protect(key.Id, Longest), Attributes(context.Request));

    /// <summary>Forgets it.</summary>
    public static void End(HttpContext context) => context.Response.Cookies.Delete(Cookie, Attributes(context.Request));

    /// <summary>The key id that a request's cookie holds; null without one that was written here and has not expired.</summary>
    public string? KeyIdOf(HttpRequest request)
    {
        try
        {
            return request.Cookies[Cookie] is { Length: > 0 } cookie ? _protector.Unprotect(cookie) : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary>Who holds a key, or who needs none; null if that key opens nothing, no longer, or a key is needed and none was shown.</summary>
    public async Task<Visitor?> VisitorAsync(string? keyId)
    {
        var all = await keys.ListAsync().ConfigureAwait(false);
        return all.Count == 0 && !_isBeyondLoopback
            ? Visitor.OfThisMachine
            : all.FirstOrDefault(key => key.Id == keyId && key.RevokedAt is null) is { } found ? Visitor.Of(found) : null;
    }

    // TLS ends at a proxy, which says so. Who claims it wrongly gets a cookie that is only kept more carefully.
    private static CookieOptions Attributes(HttpRequest request) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        Secure = request.IsHttps || request.Headers["X-Forwarded-Proto"] == "https",
        Path = "/",
        IsEssential = true,
    };
}
