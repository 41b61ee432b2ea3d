using System.Globalization;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Coordinator.Store;
using Temper.Planning;

namespace Temper.Coordinator.Runs;

/// <summary>How fast trainers are here, from the runs that ended last: what predictions of time rest on.</summary>
internal sealed class TrainerSpeeds(RunStore runs, MetricStore metrics)
{
    private const int MaxRuns = 8;

    // A processor core without bf16 units, at a model of the tiny kind: on the slow side of what was measured.
    private const double AssumedFlopsPerThread = 20e9;

    /// <summary>Looks at what was measured; the answer then serves any number of specs.</summary>
    public async Task<Func<RunSpec, TrainerSpeed?>> LearnAsync()
    {
        var measured = new List<(int Threads, double FlopsPerSecond)>();
        foreach (var (_, status) in await runs.ListAsync(new RunFilter(RunPhase.Succeeded), null, MaxRuns).ConfigureAwait(false))
        {
            var (flops, seconds) = await metrics.WorkAsync(status.Id).ConfigureAwait(false);
            if (flops > 0 && seconds > 0 && await runs.FindAsync(status.Id).ConfigureAwait(false) is { } row)
            {
                measured.Add((SpecJson.Read(row.Spec).Threads, flops / seconds / status.Workers));
            }
        }

        return spec => Of(spec, measured);
    }

    /// <summary>The median of what was measured with as many threads; else an assumption.</summary>
    internal static TrainerSpeed Of(RunSpec spec, IReadOnlyList<(int Threads, double FlopsPerSecond)> measured)
    {
        var alike = measured.Where(run => run.Threads == spec.Threads).Select(run => run.FlopsPerSecond).Order().ToList();
        return alike.Count > 0
            ? new TrainerSpeed(alike[alike.Count / 2], $"measured on {alike.Count} {(alike.Count == 1 ? "run" : "runs")} here: {Gigaflops(alike[alike.Count / 2])} for each trainer")
            : new TrainerSpeed(AssumedFlopsPerThread * spec.Threads, $"assumed, as nothing was measured yet: {Gigaflops(AssumedFlopsPerThread)} for each thread");
    }

    private static string Gigaflops(double flops) => string.Create(CultureInfo.InvariantCulture, $"{flops / 1e9:0.0} GFLOP/s");
}
