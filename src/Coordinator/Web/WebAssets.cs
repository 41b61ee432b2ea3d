using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;
using Temper.Coordinator.Reports.Html;
using Temper.Coordinator.Security;

namespace Temper.Coordinator.Web;

/// <summary>
/// What the page loads besides itself: scripts, style sheet, icon. They are in the assembly, so that they are found however the program was
/// started. Their addresses carry a hash of their content and may be kept for ever.
/// </summary>
internal static class WebAssets
{
    private static readonly Dictionary<string, string> s_types = new()
    {
        ["blazor.web.js"] = "text/javascript; charset=utf-8",
        ["temper.js"] = "text/javascript; charset=utf-8",
        ["temper.css"] = "text/css; charset=utf-8",
        ["icon.svg"] = "image/svg+xml",
    };

    private static readonly Lazy<Dictionary<string, Asset>> s_assets = new(() => s_types.ToDictionary(pair => pair.Key, pair => Load(pair.Key, pair.Value)));

    /// <summary>Where an asset is.</summary>
    public static string At(string name) => $"/assets/{name}?v={s_assets.Value[name].Hash}";

    public static void MapAssets(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/assets/{name}", Get).OpenToAnybody().ExcludeFromDescription();
        // What browsers ask for beside anything that names no icon, such as a report.
        routes.MapGet("/favicon.ico", (HttpRequest request, HttpResponse response) => Get("icon.svg", request, response)).OpenToAnybody().ExcludeFromDescription();
    }

    private static IResult Get(string name, HttpRequest request, HttpResponse response)
    {
        if (!s_assets.Value.TryGetValue(name, out var asset))
        {
            return TypedResults.NotFound();
        }

        var isPacked = request.Headers.AcceptEncoding.ToString().Contains("br", StringComparison.Ordinal);
        response.Headers.CacheControl = request.Query["v"] == asset.Hash ? "public, max-age=31536000, immutable" : "no-cache";
        response.Headers.Vary = HeaderNames.AcceptEncoding;
        if (isPacked)
        {
            response.Headers.ContentEncoding = "br";
        }

        return TypedResults.Bytes(isPacked ? asset.Packed : asset.Content, asset.Type, entityTag: new EntityTagHeaderValue($"\"{asset.Hash}{(isPacked ? "-br" : "")}\""));
    }

    private static Asset Load(string name, string type)
    {
        using var stream = typeof(WebAssets).Assembly.GetManifestResourceStream($"web/{name}")
            ?? throw new InvalidOperationException($"web/{name} is not in {typeof(WebAssets).Assembly.GetName().Name}. It is an EmbeddedResource of Coordinator.csproj.");
        using var content = new MemoryStream();
        if (name == "temper.css")
        {
            // Tables, curves and samples look as they do in reports.
            content.Write(Encoding.UTF8.GetBytes(PageStyle.Sheet));
        }

        stream.CopyTo(content);
        var bytes = content.ToArray();
        return new Asset(bytes, Pack(bytes), type, Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]);
    }

    private static byte[] Pack(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, CompressionLevel.Optimal))
        {
            brotli.Write(bytes);
        }

        return packed.ToArray();
    }

    private sealed record Asset(byte[] Content, byte[] Packed, string Type, string Hash);
}
