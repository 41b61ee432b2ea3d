using System.Collections.Immutable;
using System.Globalization;
using Temper.Contracts.Runs;

namespace Temper.Coordinator.Scheduling;

/// <summary>What is remembered of agents on which runs failed.</summary>
/// <param name="Failures">Oldest first; of one run, agent and cause the last one.</param>
/// <param name="Pauses">The agents that get no work, or one run at most.</param>
/// <param name="Trained">Experiments of which a run has made progress somewhere.</param>
internal sealed record AgentHealth(ImmutableList<AgentFailure> Failures, ImmutableSortedDictionary<string, AgentPause> Pauses, ImmutableHashSet<string> Trained)
{
    public static AgentHealth Unknown { get; } = new([], ImmutableSortedDictionary.Create<string, AgentPause>(StringComparer.Ordinal), []);
}

/// <summary>A failure of a run that may have come from the agent.</summary>
/// <param name="AgentId">The agent.</param>
/// <param name="RunId">The run.</param>
/// <param name="ExperimentId">The experiment that it belongs to; its runs are alike.</param>
/// <param name="Cause">One of <see cref="FailureCauses"/>.</param>
/// <param name="Message">What happened.</param>
/// <param name="IsOver">Whether a trainer has made progress on the agent since.</param>
/// <param name="RunHasTrained">Whether the run has made progress since, on another agent: so the run was not the cause.</param>
internal sealed record AgentFailure(string AgentId, string RunId, string? ExperimentId, string Cause, string Message, bool IsOver = false, bool RunHasTrained = false);

/// <summary>That an agent gets no work.</summary>
/// <param name="Number">How often in a row, from 1.</param>
/// <param name="Until">When it is tried again, by the monotonic clock.</param>
/// <param name="UntilTime">The same for people.</param>
/// <param name="Trial">The run that it is tried with now.</param>
internal sealed record AgentPause(int Number, TimeSpan Until, DateTimeOffset UntilTime, string? Trial = null);

/// <summary>Why the scheduler gives an agent no work.</summary>
/// <param name="What">That it gets none, and until when; part of a sentence.</param>
/// <param name="Why">What happened; a sentence.</param>
/// <param name="TakesOne">Whether it may get one run, to be tried with.</param>
internal sealed record AgentDoubt(string What, string Why, bool TakesOne);

/// <summary>
/// Which agents get no work since runs keep failing on them, as pure functions. Failures count whose cause may lie in the machine (<see cref="FailurePolicy.CountsAgainstAgent"/>),
/// that name a rank on the agent, and that came before the attempt had made a step. Three runs of which none makes progress take the agent out for a minute; then one
/// run is tried on it, and each trial that fails doubles the time, up to half an hour. Progress of any trainer on it makes all good.
/// </summary>
/// <remarks>
/// A run that fails everywhere must not take agents out. So a run counts once however often it fails, and not at all once it has failed by the same cause on another agent too;
/// unless it makes progress on a third one: then those where it failed are the cause. Runs of one experiment are alike and count as one, until one of them has made
/// progress somewhere. What one failing run does to an agent is therefore never more than a third of what is needed.
/// </remarks>
internal static class AgentHealthRule
{
    /// <summary>So many runs that failed on an agent take it out.</summary>
    public const int Limit = 3;

    private const int LongestMessage = 200;
    private static readonly BackOff s_pause = new(0, 60, 2, 1800);

    /// <summary>What a run was, and is now, tells of the agents that it was on.</summary>
    /// <param name="health">What is remembered.</param>
    /// <param name="before">The run when it was last looked at.</param>
    /// <param name="after">The run now.</param>
    /// <param name="elapsed">The monotonic clock.</param>
    /// <param name="now">The clock for people.</param>
    public static AgentHealth Observe(AgentHealth health, RunStatus before, RunStatus after, TimeSpan elapsed, DateTimeOffset now)
    {
        // Who gives its slots back and neither failed nor was stopped has finished: that is progress too of a run that only evaluates.
        var hasFinished = after.Members.Count == 0 && after.Phase is RunPhase.Running or RunPhase.Succeeded;
        if (before.Members.Count > 0 && before.Epoch == after.Epoch && (after.Step > before.Step || hasFinished))
        {
            health = Judged(Progress(health, after, [.. before.Members.Select(member => member.AgentId)]), elapsed, now);
        }

        foreach (var recovery in after.Recoveries.Where(recovery => recovery.Epoch > (before.Recoveries is [.., var last] ? last.Epoch : 0)))
        {
            health = (recovery.Suspects ?? []).Aggregate(health, (h, agent) => Fail(h, new AgentFailure(agent, after.Id, after.ExperimentId, recovery.Cause, recovery.Message), elapsed, now));
        }

        return health;
    }

    /// <summary>A run was given slots on agents: those that are to be tried again are tried with it.</summary>
    public static AgentHealth Try(AgentHealth health, string runId, IEnumerable<string> agents) => health with
    {
        Pauses = agents.Aggregate(health.Pauses, (pauses, agent) => pauses.TryGetValue(agent, out var pause) && pause.Trial is null ? pauses.SetItem(agent, pause with { Trial = runId }) : pauses),
    };

    /// <summary>A trial whose run is no longer on the agent has told nothing, if it did not fail: another one may try.</summary>
    public static AgentHealth EndTrials(AgentHealth health, IEnumerable<RunStatus> runs)
    {
        var held = runs.SelectMany(run => run.Members.Select(member => (run.Id, member.AgentId))).ToHashSet();
        var ended = health.Pauses.Where(pair => pair.Value.Trial is { } trial && !held.Contains((trial, pair.Key))).ToList();
        return ended.Count == 0 ? health : health with { Pauses = health.Pauses.SetItems(ended.Select(pair => KeyValuePair.Create(pair.Key, pair.Value with { Trial = null }))) };
    }

    /// <summary>The agent was started anew, or is gone.</summary>
    public static AgentHealth Forget(AgentHealth health, string agentId) => Settled(health with { Failures = health.Failures.RemoveAll(failure => failure.AgentId == agentId) });

    /// <summary>Agents on which a run has failed, and on which none has made progress since.</summary>
    public static IReadOnlyCollection<string> FailedOn(AgentHealth health, string runId) =>
        [.. health.Failures.Where(failure => failure.RunId == runId && !failure.IsOver).Select(failure => failure.AgentId).Distinct()];

    /// <summary>Why an agent gets no work or one run at most; null if it gets all that it has room for.</summary>
    public static AgentDoubt? Doubt(AgentHealth health, string agentId, TimeSpan elapsed) => health.Pauses.TryGetValue(agentId, out var pause)
        ? new AgentDoubt(What(agentId, pause, elapsed), Why(health, agentId), pause.Trial is null && elapsed >= pause.Until)
        : null;

    /// <summary>The same for people.</summary>
    public static AgentBackOff? BackOff(AgentHealth health, string agentId, TimeSpan elapsed) => health.Pauses.TryGetValue(agentId, out var pause)
        ? new AgentBackOff(pause.UntilTime, pause.Trial, Runs(health, agentId), $"A{What(agentId, pause, elapsed)[1..]}. {Why(health, agentId)}")
        : null;

    private static AgentHealth Progress(AgentHealth health, RunStatus run, HashSet<string> agents)
    {
        var trained = run.ExperimentId is { } experiment ? health.Trained.Add(experiment) : health.Trained;
        var failures = health.Failures.ConvertAll(failure => failure with
        {
            IsOver = failure.IsOver || agents.Contains(failure.AgentId),
            RunHasTrained = failure.RunHasTrained || failure.RunId == run.Id,
        });
        return health with { Failures = failures, Trained = trained };
    }

    private static AgentHealth Fail(AgentHealth health, AgentFailure failure, TimeSpan elapsed, DateTimeOffset now)
    {
        var failures = health.Failures.RemoveAll(f => (f.AgentId, f.RunId, f.Cause) == (failure.AgentId, failure.RunId, failure.Cause)).Add(failure);
        var before = health.Pauses.GetValueOrDefault(failure.AgentId);
        var next = Judged(health with { Failures = failures }, elapsed, now);
        return before?.Trial == failure.RunId && next.Pauses.ContainsKey(failure.AgentId)
            ? next with { Pauses = next.Pauses.SetItem(failure.AgentId, Pause(before.Number + 1, elapsed, now)) }
            : next;
    }

    private static AgentPause Pause(int number, TimeSpan elapsed, DateTimeOffset now) => new(number, elapsed + s_pause.After(number), now + s_pause.After(number));

    // Progress elsewhere can be what convicts an agent, so this is looked at after each change.
    private static AgentHealth Judged(AgentHealth health, TimeSpan elapsed, DateTimeOffset now)
    {
        var next = Settled(health);
        var suspects = next.Failures.Select(failure => failure.AgentId).Distinct().Where(agent => !next.Pauses.ContainsKey(agent) && Weight(next, agent) >= Limit);
        return next with { Pauses = next.Pauses.SetItems(suspects.Select(agent => KeyValuePair.Create(agent, Pause(1, elapsed, now)))) };
    }

    // Agents against which too little is left get work again; what is over is kept as long as it says something about the run's other failures.
    private static AgentHealth Settled(AgentHealth health)
    {
        var open = health.Failures.Where(failure => !failure.IsOver).Select(failure => failure.RunId).ToHashSet();
        var next = health with { Failures = health.Failures.RemoveAll(failure => !open.Contains(failure.RunId)) };
        return next with { Pauses = next.Pauses.RemoveRange(next.Pauses.Keys.Where(agent => Weight(next, agent) < Limit)) };
    }

    private static IEnumerable<AgentFailure> Counted(AgentHealth health, string agentId) => health.Failures.Where(failure => failure.AgentId == agentId && !failure.IsOver && (failure.RunHasTrained
        || !health.Failures.Exists(other => other.RunId == failure.RunId && other.Cause == failure.Cause && other.AgentId != agentId && !other.RunHasTrained)));

    private static int Weight(AgentHealth health, string agentId) =>
        Counted(health, agentId).Select(failure => failure.ExperimentId is { } experiment && !health.Trained.Contains(experiment) ? experiment : failure.RunId).Distinct().Count();

    private static int Runs(AgentHealth health, string agentId) => Counted(health, agentId).Select(failure => failure.RunId).Distinct().Count();

    private static string What(string agentId, AgentPause pause, TimeSpan elapsed) => pause.Trial switch
    {
        { } trial => $"agent {agentId} is tried with run {trial}",
        null when elapsed >= pause.Until => $"agent {agentId} is to be tried with one run",
        null => $"agent {agentId} gets no work until {pause.UntilTime.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)} UTC",
    };

    private static string Why(AgentHealth health, string agentId)
    {
        var last = Counted(health, agentId).Last();
        var message = last.Message.Length > LongestMessage ? last.Message[..LongestMessage] + "…" : last.Message;
        return $"{Runs(health, agentId)} runs failed on agent {agentId} and none has made progress there since; the last one, run {last.RunId}: {message} ({last.Cause})";
    }
}
