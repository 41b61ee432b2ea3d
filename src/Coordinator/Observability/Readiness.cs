using Microsoft.Extensions.Diagnostics.HealthChecks;
using Temper.Coordinator.Scheduling;

namespace Temper.Coordinator.Observability;

/// <summary>Ready means: the silo takes calls and the store answers. The pool's list of agents needs both.</summary>
internal sealed class Readiness(IGrainFactory grains) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await grains.GetGrain<IPoolGrain>(IPoolGrain.Key).Agents().WaitAsync(cancellationToken).ConfigureAwait(false);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return HealthCheckResult.Unhealthy("The silo or its store does not answer.", e);
        }
    }
}
