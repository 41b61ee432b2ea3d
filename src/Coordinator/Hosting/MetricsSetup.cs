using Microsoft.Extensions.DependencyInjection;
using Temper.Coordinator.Observability;
using Temper.Coordinator.Runs.Metrics;
using Temper.Coordinator.Scheduling;

namespace Temper.Coordinator.Hosting;

/// <summary>The metrics of all parts of a coordinator.</summary>
internal static class MetricsSetup
{
    private static readonly Type[] s_metrics =
        [typeof(RunLifeMetrics), typeof(TrainingMetrics), typeof(RequestMetrics), typeof(StoreMetrics), typeof(PoolMetrics), typeof(RunGauges), typeof(HostMetrics)];

    public static IServiceCollection AddMetricSets(this IServiceCollection services)
    {
        services.AddSingleton<MetricRegistry>();
        foreach (var metrics in s_metrics)
        {
            services.AddSingleton(metrics);
        }

        return services;
    }

    /// <summary>The registry, in which every metric is declared: one that is made when it is first counted would miss that in a rate.</summary>
    public static MetricRegistry DeclareMetrics(this IServiceProvider services)
    {
        foreach (var metrics in s_metrics)
        {
            services.GetRequiredService(metrics);
        }

        return services.GetRequiredService<MetricRegistry>();
    }
}
