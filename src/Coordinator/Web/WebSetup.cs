using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Temper.Coordinator.Api;
using Temper.Coordinator.Http;
using Temper.Coordinator.Security;
using Temper.Coordinator.Store;
using Temper.Coordinator.Web.Live;
using Temper.Coordinator.Web.Pages;
using Temper.Coordinator.Web.Visits;

namespace Temper.Coordinator.Web;

/// <summary>The web page, at the address of REST.</summary>
internal static class WebSetup
{
    public static void AddWeb(this IServiceCollection services)
    {
        services.AddRazorComponents().AddInteractiveServerComponents()
            // The longest spec that can be typed, escaped at its worst.
            .AddHubOptions(hub => hub.MaximumReceiveMessageSize = 2 * Limits.BodyBytes);
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.Cookie.Name = "temper-form";
            antiforgery.SuppressXFrameOptionsHeader = true;
        });
        services.AddSingleton<Sessions>();
        services.AddSingleton<Feeds>();
        services.AddSingleton<Sources>();
        services.AddScoped<Visit>();
        services.AddScoped<Requests>();
        services.AddOptions<StatusCodePagesOptions>().Configure(options =>
        {
            var usual = options.HandleAsync;
            options.HandleAsync = context => context.HttpContext is { Response.StatusCode: StatusCodes.Status404NotFound } http && PageMark.IsWanted(http) ? PageGate.ShowAsync(http) : usual(context);
        });
    }

    public static void MapWeb(this WebApplication app)
    {
        app.UseAntiforgery();
        app.UseMiddleware<PageGate>();
        app.MapAssets();
        app.MapReports();
        app.MapSessions();
        var pages = app.MapRazorComponents<App>().AddInteractiveServerRenderMode(mode => mode.ContentSecurityFrameAncestorsPolicy = null);
        pages.WithMetadata(PageMark.Instance);
        pages.Add(Open);
    }

    // Pages are looked at. Their connection is made by POST too, whoever looks; signing in is for those whom nobody knows yet.
    private static void Open(EndpointBuilder endpoint)
    {
        var isPage = endpoint.Metadata.OfType<ComponentTypeMetadata>().SingleOrDefault();
        endpoint.Metadata.Add(isPage?.Type == typeof(SignInPage) ? Access.Anybody : new Access.Key(Role.Viewer));
        if (isPage is not null)
        {
            foreach (var methods in endpoint.Metadata.OfType<HttpMethodMetadata>().ToList())
            {
                endpoint.Metadata.Remove(methods);
            }

            endpoint.Metadata.Add(new HttpMethodMetadata(["GET"]));
        }
    }
}
