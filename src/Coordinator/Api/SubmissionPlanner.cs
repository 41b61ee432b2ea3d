using System.Security.Cryptography;
using Temper.Coordinator.Configuration;
using Temper.Coordinator.Runs;
using Temper.Coordinator.Store;
using Temper.Mixture.Sources;
using Temper.Mixture.Tasks;
using Temper.Planning;

namespace Temper.Coordinator.Api;

/// <summary>What submissions are checked against: the folders of this server, its agents, its runs and how fast they were.</summary>
internal sealed class SubmissionPlanner(CoordinatorOptions options, RunStore runs, TrainerSpeeds speeds, PatientGrains grains) : IDisposable
{
    // Each reads every file that its specs name, and holds their rows.
    private readonly SemaphoreSlim _turns = new(Environment.ProcessorCount);

    /// <summary>An id that nobody has.</summary>
    public static string NewId() => RandomNumberGenerator.GetString("0123456789abcdefghjkmnpqrstvwxyz", 10);

    /// <summary>What specs whose sources lie under <paramref name="roots"/> are checked against.</summary>
    public async Task<PlanningContext> ContextAsync(IReadOnlyList<string> roots)
    {
        // Without an answer it is as if no agent had come yet: a spec that fits none of them waits, and says so.
        var agents = await grains.AgentsAsync().ConfigureAwait(false);
        var largest = agents.Where(agent => agent is { SlotCount: > 0, MemoryPerSlot: > 0 }).Select(agent => (long?)agent.MemoryPerSlot).Max();
        var speed = await speeds.LearnAsync().ConfigureAwait(false);
        return new PlanningContext(roots, largest, id => id.Length > 64 ? null : runs.FindOrigin(id), speed);
    }

    /// <summary>Works out what was submitted: not on a thread that answers others, and not more of them at a time than there are cores.</summary>
    public async Task<T> WorkOutAsync<T>(Func<T> plan)
    {
        await _turns.WaitAsync().ConfigureAwait(false);
        try
        {
            return await Task.Run(plan).ConfigureAwait(false);
        }
        finally
        {
            _turns.Release();
        }
    }

    /// <summary>The data roots, those that were named first.</summary>
    public IReadOnlyList<string> DataRootsOf(string? data, List<SpecError> errors)
    {
        if (string.IsNullOrEmpty(data))
        {
            return options.DataRoots;
        }

        if (Folders.Under(options.DataRoots, data) is { } folder && Directory.Exists(folder))
        {
            return [folder, .. options.DataRoots];
        }

        errors.Add(new SpecError("?data", $"The folder '{data}' is not under the data roots of this server. Name one under {string.Join(" or ", options.DataRoots)}."));
        return options.DataRoots;
    }

    /// <summary>The output folder that was named; null if none was.</summary>
    public string? OutputOf(string? output, List<SpecError> errors)
    {
        if (string.IsNullOrEmpty(output))
        {
            return null;
        }

        var (root, folder) = (RealPath.Of(options.OutputRoot), Folders.Under([options.OutputRoot], output));
        if (folder is null)
        {
            errors.Add(new SpecError("?output", $"The folder '{output}' is not under the output root of this server. Name one under {options.OutputRoot}."));
            return null;
        }

        if (folder == root && !options.WritesToRoot)
        {
            errors.Add(new SpecError("?output", $"The folder '{output}' is the output root of this server itself, in which the folders of all runs lie. Name one below {options.OutputRoot}."));
        }

        // Agents see the root under the name that it was given, as it is in the paths of those that named no folder.
        return folder == root ? OutputRoot : Path.Combine(OutputRoot, Path.GetRelativePath(root, folder));
    }

    /// <summary>The folder of something that named none.</summary>
    public string NewOutput(string name, string id) => Path.Combine(OutputRoot, $"{name}-{id}");

    /// <summary>Full path of the output root.</summary>
    public string OutputRoot => Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.OutputRoot));

    public void Dispose() => _turns.Dispose();
}
