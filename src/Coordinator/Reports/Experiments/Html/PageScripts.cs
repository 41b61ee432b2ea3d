using System.Security.Cryptography;
using System.Text;

namespace Temper.Coordinator.Reports.Experiments.Html;

/// <summary>The scripts that a page may run: Plotly's basic bundle, and ours, which draws with it. Both are in the page; nothing is fetched.</summary>
internal static class PageScripts
{
    private static readonly Lazy<IReadOnlyList<string>> Loaded = new(() => [Load("plotly-basic.min.js"), Load("experiment-plots.js")]);

    private static readonly Lazy<string> Known = new(() => string.Join(' ', All.Select(Hash)));

    /// <summary>In the order in which they run.</summary>
    public static IReadOnlyList<string> All => Loaded.Value;

    /// <summary>Their hashes as sources of a Content-Security-Policy.</summary>
    public static string Sources => Known.Value;

    // Of the bytes as a browser sees them, which reads a carriage return as a line feed.
    private static string Hash(string script) => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)))}'";

    private static string Load(string name)
    {
        using var stream = typeof(PageScripts).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The script {name} is not in {typeof(PageScripts).Assembly.GetName().Name}. It is an EmbeddedResource of Coordinator.csproj.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
