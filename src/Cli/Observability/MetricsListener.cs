using System.CommandLine;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Prometheus;
using Temper.Worker.Agents;

namespace Temper.Cli.Observability;

/// <summary>
/// A listener of its own for Prometheus, which shows no key: <c>/metrics</c> and nothing else. It is another server than that of REST, so that
/// neither can be reached under the rules of the other.
/// </summary>
internal sealed class MetricsListener : IAsyncDisposable
{
    private readonly WebApplication _app;

    private MetricsListener(WebApplication app) => _app = app;

    /// <summary>Where it listens.</summary>
    public Uri Address => new(new Uri(_app.Urls.First()), "metrics");

    /// <summary>The option that asks for it.</summary>
    public static Option<string?> Url()
    {
        var url = new Option<string?>("--metrics-url") { Description = "Where else /metrics is shown, and nothing but it, to everybody who can connect: for Prometheus in a private network, as http://0.0.0.0:9464. Nowhere if not given." };
        url.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && Mistake(text) is { } mistake)
            {
                result.AddError(mistake);
            }
        });
        return url;
    }

    /// <summary>Listens until it is disposed of.</summary>
    /// <exception cref="IOException">The address is taken, or none of this machine.</exception>
    public static async Task<MetricsListener> Start(string url, CollectorRegistry registry, CancellationToken ct)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.AddServerHeader = false).UseUrls(url);
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        var app = builder.Build();
        try
        {
            app.UseRouting();
            app.MapMetrics("/metrics", registry);
            await app.StartAsync(ct);
            return new MetricsListener(app);
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
    }

    private static string? Mistake(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme == "http" && address.UserInfo.Length == 0 && address.PathAndQuery + address.Fragment == "/"
            ? null
            : $"--metrics-url is '{url}', which is no address to listen on. Write http://HOST:PORT.";
}
