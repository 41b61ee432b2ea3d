using Microsoft.Extensions.Logging;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Coordinator.Clocks;
using Temper.Coordinator.Experiments;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Scheduling;
using Temper.Coordinator.Store;

namespace Temper.Coordinator.Api;

/// <summary>
/// What users ask of grains and can do without. When another coordinator of the cluster dies, its grains answer nobody until it counts as dead; what can be
/// read, and what is accepted, does not wait for that.
/// </summary>
internal sealed class PatientGrains(IGrainFactory grains, RunStore runs, ExperimentStore experiments, Clock clock, ILogger<PatientGrains> log)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    // Where one was waited for in vain, others do not answer either: a request must not wait for each of its questions, nor each user anew.
    private static readonly TimeSpan ShortTimeout = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan ShortTimeoutPeriod = TimeSpan.FromSeconds(10);
    private long _shortTimeoutUntil;

    private IPoolGrain Pool => grains.GetGrain<IPoolGrain>(IPoolGrain.Key);

    /// <summary>The agents; none if the pool does not answer, as if none had come yet.</summary>
    public Task<IReadOnlyList<AgentStatus>> AgentsAsync() => OrElseAsync(Pool.Agents(), () => Task.FromResult<IReadOnlyList<AgentStatus>>([]));

    /// <summary>Schedules now. Whatever happens here, the next tick does it.</summary>
    public async Task ScheduleAsync()
    {
        try
        {
            await OrElseAsync(Pool.Schedule(null), () => Task.FromResult<IReadOnlyList<string>>([])).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            log.LogWarning(e, "Scheduling right after a request failed; the next tick does it");
        }
    }

    /// <summary>The state of a run; as the index knows it if its grain does not answer.</summary>
    public Task<RunStatus?> RunAsync(string id) => OrElseAsync(grains.GetGrain<IRunGrain>(id).GetStatus(), () => runs.StatusAsync(id));

    /// <summary>The state of an experiment; as the index knows it if its grain does not answer.</summary>
    public Task<ExperimentStatus?> ExperimentAsync(string id) => OrElseAsync(grains.GetGrain<IExperimentGrain>(id).GetStatus(), () => experiments.StatusAsync(id));

    private async Task<T> OrElseAsync<T>(Task<T> call, Func<Task<T>> otherwise)
    {
        try
        {
            var isShort = clock.Elapsed.Ticks < Interlocked.Read(ref _shortTimeoutUntil);
            return await call.WaitAsync(isShort ? ShortTimeout : Timeout, clock.Time).ConfigureAwait(false);
        }
        catch (Exception e) when (e is OrleansException or TimeoutException)
        {
            if (e is TimeoutException)
            {
                Interlocked.Exchange(ref _shortTimeoutUntil, (clock.Elapsed + ShortTimeoutPeriod).Ticks);
            }

            return await otherwise().ConfigureAwait(false);
        }
    }
}
