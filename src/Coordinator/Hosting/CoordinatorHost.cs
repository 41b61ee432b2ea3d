using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Prometheus;
using Temper.Contracts.Agents;
using Temper.Coordinator.Agents;
using Temper.Coordinator.Api;
using Temper.Coordinator.Clocks;
using Temper.Coordinator.Configuration;
using Temper.Coordinator.Experiments;
using Temper.Coordinator.Http;
using Temper.Coordinator.Observability;
using Temper.Coordinator.Reconciliation;
using Temper.Coordinator.Reports;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Security;
using Temper.Coordinator.Store;
using Temper.Coordinator.Web;
using Temper.Planning.Models;

namespace Temper.Coordinator.Hosting;

/// <summary>Puts a coordinator together: store, silo, reconciler, REST. Several can run side by side in one process.</summary>
public static class CoordinatorHost
{
    /// <summary>Builds a coordinator that the caller starts, stops and disposes of.</summary>
    /// <exception cref="ArgumentException">The options would start something unsafe or useless; the message names every mistake.</exception>
    /// <exception cref="DatabaseException">The database cannot be used.</exception>
    public static WebApplication Build(CoordinatorOptions options, Action<IServiceCollection>? configure = null)
    {
        if (OptionsCheck.Mistakes(options) is { Count: > 0 } mistakes)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, mistakes));
        }

        var backend = StateBackend.Open(options);
        try
        {
            return Build(options, backend, configure);
        }
        catch
        {
            backend.Dispose();
            throw;
        }
    }

    /// <summary>Where a started coordinator can be reached.</summary>
    public static CoordinatorEndpoints Endpoints(WebApplication coordinator)
    {
        var gateway = coordinator.Services.GetRequiredService<Gateway>();
        return new CoordinatorEndpoints(new Uri(coordinator.Urls.First()), gateway.EndPoint, gateway.ClusterId, gateway.ServiceId);
    }

    /// <summary>What a coordinator has counted, to show it elsewhere than at its own <c>/metrics</c>.</summary>
    public static CollectorRegistry Metrics(WebApplication coordinator) => coordinator.Services.GetRequiredService<MetricRegistry>().Registry;

    private static WebApplication Build(CoordinatorOptions options, StateBackend backend, Action<IServiceCollection>? configure)
    {
        // Empty: no appsettings.json of whatever folder the program was started in, no ASPNETCORE_URLS.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = typeof(CoordinatorHost).Assembly.GetName().Name });
        builder.Logging.SetMinimumLevel(options.LogLevel).AddSimpleConsole(console => console.SingleLine = true);
        if (options.LogLevel >= LogLevel.Warning)
        {
            // Hints about the garbage collector, and a watchdog that takes the age of the machine for a stall.
            builder.Logging.AddFilter("Orleans.Runtime.Silo", LogLevel.Error).AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);
        }

        // That the keys of cookies lie in the database as they are: it holds more that is secret. And forged forms, which whoever sent them is told of.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error).AddFilter("Microsoft.AspNetCore.Antiforgery", LogLevel.None);
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);

        var ports = new ClusterPorts(options);
        var runs = new RunStore(backend.State);
        var keys = new KeyStore(backend.State, owns: false);
        if (options.AdminKey is { } secret)
        {
            keys.BootstrapAsync(secret, options.Time.GetUtcNow()).GetAwaiter().GetResult();
        }

        builder.Host.UseOrleans(orleans => SiloSetup.Configure(orleans, options, backend, ports.Silo, ports.Gateway));

        var services = builder.Services;
        services.AddSingleton(options);
        services.AddSingleton(new Clock(options.Time));
        services.AddSingleton(new Gateway(ports.Gateway, options.ClusterId, SiloSetup.ServiceId));
        services.AddSingleton<Gateways>();
        // Made by factories, so that the container disposes of them.
        services.AddSingleton(_ => backend);
        services.AddSingleton(_ => ports);
        services.AddSingleton(runs);
        services.AddSingleton(new MetricStore(backend.Metrics));
        services.AddSingleton(new ExperimentStore(backend.State));
        services.AddSingleton(keys);
        services.AddSingleton(new SiloToken(backend.SiloToken));
        services.AddDataProtection().SetApplicationName("temper");
        services.Configure<KeyManagementOptions>(protection => protection.XmlRepository = new ProtectionKeys(backend.State));
        services.AddSingleton<TrainerSpeeds>();
        services.AddSingleton<PatientGrains>();
        services.AddSingleton<SubmissionPlanner>();
        services.AddSingleton<ExperimentReporter>();
        services.AddMetricSets();
        services.AddSingleton<AgentToken>();
        services.AddSingleton<ReconcileRequests>();
        services.AddSingleton<Reconciler>();
        services.AddSingleton(new CheckpointFolders(new Clock(options.Time)));
        services.AddSingleton(new ModelPublisher(ModelDraft.Publish));
        services.AddHostedService(provider => provider.GetRequiredService<Reconciler>());
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(4));
        configure?.Invoke(services);
        services.AddSingleton<RunReporter>();
        services.TryAddSingleton<IRunReporter>(provider => provider.GetRequiredService<RunReporter>());
        services.TryAddSingleton<IExperimentReporter>(provider => provider.GetRequiredService<ExperimentReporter>());
        AddRest(builder, options);
        services.AddWeb();

        var app = builder.Build();
        _ = (app.Services.GetRequiredService<StateBackend>(), app.Services.GetRequiredService<ClusterPorts>());
        app.Services.DeclareMetrics();
        app.Services.GetRequiredService<StoreMetrics>().CollectFrom(runs, app.Services.GetRequiredService<ExperimentStore>(), app.Logger);
        MapRest(app);
        return app;
    }

    private static void AddRest(WebApplicationBuilder builder, CoordinatorOptions options)
    {
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = Limits.BodyBytes;
        });
        builder.WebHost.UseUrls(options.Url);
        var services = builder.Services;
        services.AddRoutingCore();
        services.ConfigureHttpJsonOptions(json =>
        {
            var own = ProtocolJson.Options;
            json.SerializerOptions.PropertyNamingPolicy = own.PropertyNamingPolicy;
            json.SerializerOptions.DictionaryKeyPolicy = own.DictionaryKeyPolicy;
            json.SerializerOptions.DefaultIgnoreCondition = own.DefaultIgnoreCondition;
            json.SerializerOptions.IgnoreReadOnlyProperties = true;
            // Numbers are written as numbers: the description must not say that they may be texts.
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            foreach (var converter in own.Converters)
            {
                json.SerializerOptions.Converters.Add(converter);
            }
        });
        services.AddProblemDetails(problems => problems.CustomizeProblemDetails = Problems.Complete);
        // Asked after the framework's own one, which heeds the header Accept.
        services.AddSingleton<IProblemDetailsWriter, ProblemWriter>();
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.AddOpenApi(Description.Name, Description.Configure);
        services.AddHealthChecks().AddCheck<Readiness>("ready");
    }

    private static void MapRest(WebApplication app)
    {
        // First, so that it sees the answer that the caller gets.
        app.UseMiddleware<RequestMeter>();
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            // What a caller did wrong is told to the caller, not to the log.
            SuppressDiagnosticsCallback = context => context.Exception is BadHttpRequestException,
            StatusCodeSelector = e => e switch
            {
                BadHttpRequestException bad => bad.StatusCode,
                OrleansException or TimeoutException or NpgsqlException => StatusCodes.Status503ServiceUnavailable,
                _ => StatusCodes.Status500InternalServerError,
            },
        });
        app.UseStatusCodePages();
        app.UseRouting();
        app.Use(PageHeaders.SetAsync);
        // After routing, so that it knows what the endpoint asks for.
        app.UseMiddleware<Guard>();
        app.MapOpenApi("/openapi/{documentName}.json").AddEndpointFilter(Description.OnlyThisOne).OpenToAnybody();
        app.MapMetrics("/metrics", app.Services.GetRequiredService<MetricRegistry>().Registry).RequireRole(Role.Viewer);
        app.MapHealthChecks("/health/live", new() { Predicate = _ => false }).OpenToAnybody();
        app.MapHealthChecks("/health/ready").OpenToAnybody();
        var api = app.MapGroup("/api/v1");
        api.MapRuns();
        api.MapMetricSeries();
        api.MapEvents();
        api.MapExperiments();
        api.MapAgents();
        app.MapWeb();
    }
}
