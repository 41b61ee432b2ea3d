namespace Temper.Contracts.Runs;

/// <summary>Whose fault a failure is.</summary>
public enum Fault
{
    /// <summary>The program's, with this spec: a crash, a hang, too much memory.</summary>
    Run,

    /// <summary>The user's: something in the spec or the data must be changed.</summary>
    User,

    /// <summary>That of machines, networks and disks: the run would go on elsewhere or later.</summary>
    Infrastructure,
}

/// <summary>What a failure costs.</summary>
public enum AttemptBudget
{
    /// <summary>Spends no attempt: the run is tried again without end.</summary>
    None,

    /// <summary>Has a count of its own: <c>recovery.attempts</c> failures of this cause in a row without progress end the run.</summary>
    Own,

    /// <summary>Ends the run at once.</summary>
    Ends,
}

/// <summary>How long the next attempt waits, by how many failures of one cause there were in a row.</summary>
/// <param name="AtOnce">So many failures are tried again at once.</param>
/// <param name="FirstSeconds">What the one after them waits.</param>
/// <param name="Factor">How much longer each further one waits than the one before.</param>
/// <param name="MaxSeconds">What none exceeds.</param>
public sealed record BackOff(int AtOnce, double FirstSeconds, double Factor, double MaxSeconds)
{
    /// <summary>Never waits.</summary>
    public static BackOff Never { get; } = new(int.MaxValue, 0, 1, 0);

    /// <summary>What the attempt after so many failures in a row waits.</summary>
    /// <param name="failures">From 1.</param>
    public TimeSpan After(int failures) => failures <= AtOnce
        ? TimeSpan.Zero
        : TimeSpan.FromSeconds(Math.Min(MaxSeconds, FirstSeconds * Math.Pow(Factor, failures - AtOnce - 1)));
}

/// <summary>What follows from a kind of failure.</summary>
/// <param name="Cause">One of <see cref="FailureCauses"/>.</param>
/// <param name="Fault">Whose fault it is.</param>
/// <param name="Budget">What it costs.</param>
/// <param name="BackOff">What the next attempt waits.</param>
/// <param name="IsResumable">Whether a run that it ended may go on from its checkpoint when a user retries it.</param>
/// <param name="Summary">What it is, and what a user can do; sentences.</param>
/// <param name="WaitsFor">What must come true before the next attempt can succeed, after "when"; null if nothing is known to be waited for.</param>
/// <param name="CountsAgainstAgent">Whether the machine of the rank that failed may be the cause: an agent on which several runs end so, and none makes progress, gets no new work for a while.</param>
public sealed record FailurePolicy(string Cause, Fault Fault, AttemptBudget Budget, BackOff BackOff, bool IsResumable, string Summary, string? WaitsFor = null, bool CountsAgainstAgent = false)
{
    // A crash or a hang that comes once was mostly chance; the same one again is given time.
    private static readonly BackOff s_crash = new(1, 5, 2, 300);
    // A disk is emptied and a mount comes back within seconds, or when somebody has seen to it.
    private static readonly BackOff s_storage = new(0, 2, 2, 300);

    /// <summary>The specification: every cause, once.</summary>
    public static IReadOnlyList<FailurePolicy> Table { get; } =
    [
        new(FailureCauses.AgentLost, Fault.Infrastructure, AttemptBudget.None, new(1, 2, 2, 60), true, "The agent does not answer, was started anew, or no longer has the trainer."),
        new(FailureCauses.AgentDrained, Fault.Infrastructure, AttemptBudget.None, BackOff.Never, true, "The agent was asked to end (SIGTERM, preemption); its trainers saved a checkpoint if the time sufficed."),
        new(FailureCauses.StorageFull, Fault.Infrastructure, AttemptBudget.None, s_storage, true, "No space or no quota is left in the output folder. Make room; the run goes on by itself.", "there is space"),
        new(FailureCauses.StorageUnreadable, Fault.Infrastructure, AttemptBudget.None, s_storage, true, "A file or folder cannot be read or written, such as a share that is not mounted. The run goes on by itself when it can.", "it can be read", CountsAgainstAgent: true),
        new(FailureCauses.CheckpointDamaged, Fault.Infrastructure, AttemptBudget.Own, BackOff.Never, true, "The hash of a checkpoint's file does not match, or one of its files is missing. The checkpoint is set aside, which spends no attempt, and the one before it is used."),
        new(FailureCauses.Exchange, Fault.Infrastructure, AttemptBudget.Own, new(1, 5, 2, 60), true, "The connection between ranks broke, or a rank did not take part in time.", CountsAgainstAgent: true),
        new(FailureCauses.StartTimeout, Fault.Infrastructure, AttemptBudget.Own, new(1, 10, 2, 300), true, "A rank was not ready within a quarter of an hour (or `recovery.progress_timeout_seconds`, if that is longer), so the others could not begin.", CountsAgainstAgent: true),
        new(FailureCauses.RanksDiffer, Fault.Infrastructure, AttemptBudget.Ends, BackOff.Never, true, "The ranks hold different weights: a machine computes wrongly. Take the named rank's machine out, then retry."),
        new(FailureCauses.TrainerDied, Fault.Run, AttemptBudget.Own, s_crash, true, "The trainer process ended without saying why (killed, crashed).", CountsAgainstAgent: true),
        new(FailureCauses.TrainerError, Fault.Run, AttemptBudget.Own, s_crash, true, "An error in the trainer; the message says which."),
        new(FailureCauses.TrainerSilent, Fault.Run, AttemptBudget.Own, new(1, 10, 2, 300), true, "The trainer process is silent: stopped, or its machine is stuck.", CountsAgainstAgent: true),
        new(FailureCauses.NoProgress, Fault.Run, AttemptBudget.Own, new(1, 10, 2, 300), true, "The trainer is alive but made no progress within `recovery.progress_timeout_seconds`.", CountsAgainstAgent: true),
        new(FailureCauses.OutOfMemory, Fault.Run, AttemptBudget.Own, new(0, 30, 2, 600), true, "The trainer or its device has run out of memory. Use smaller micro-batches or a larger device.", CountsAgainstAgent: true),
        new(FailureCauses.ParentFailed, Fault.Run, AttemptBudget.Ends, BackOff.Never, true, "A run whose model it starts from has failed or was cancelled. Retrying that run takes this one along."),
        new(FailureCauses.SourcesDiffer, Fault.User, AttemptBudget.Ends, BackOff.Never, true, "The rows differ between ranks, or from those that the checkpoint was trained on. Restore the files, then retry."),
        new(FailureCauses.NonFinite, Fault.User, AttemptBudget.Ends, BackOff.Never, false, "Loss or gradient is not finite; the same rows would give it again. Lower the learning rate, clip gradients, or mend the rows, and submit anew."),
    ];

    /// <summary>What follows from a cause; from one that is unknown, as from a newer program, what follows from <see cref="FailureCauses.TrainerError"/>.</summary>
    public static FailurePolicy Of(string cause) =>
        Table.FirstOrDefault(policy => policy.Cause == cause) ?? Table.First(policy => policy.Cause == FailureCauses.TrainerError);
}
