using Microsoft.Extensions.Diagnostics.HealthChecks;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Observability;

/// <summary>
/// Ready means: the silo takes calls and the store answers. No grain is asked: it may be another coordinator's, and that one's death must not take this one
/// out of service too.
/// </summary>
internal sealed class Readiness(ISiloStatusOracle silo, RunStore store) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (silo.CurrentStatus != SiloStatus.Active)
        {
            return HealthCheckResult.Unhealthy($"The silo is {silo.CurrentStatus}.");
        }

        try
        {
            await store.CountByPhaseAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return HealthCheckResult.Unhealthy("The store does not answer.", e);
        }
    }
}
