namespace Temper.Contracts.Runs;

/// <summary>The kinds of failure that a run can meet: a small closed set, fit for metric labels. What follows from each says <see cref="FailurePolicy"/>.</summary>
public static class FailureCauses
{
    /// <summary>The trainer process ended without saying why.</summary>
    public const string TrainerDied = "trainer_died";

    /// <summary>The agent no longer answers, was started anew, or no longer has the trainer.</summary>
    public const string AgentLost = "agent_lost";

    /// <summary>The agent was asked to end, and its trainers with it.</summary>
    public const string AgentDrained = "agent_drained";

    /// <summary>The trainer process is silent: stopped, or the machine is stuck.</summary>
    public const string TrainerSilent = "trainer_silent";

    /// <summary>The trainer is alive but makes no progress.</summary>
    public const string NoProgress = "no_progress";

    /// <summary>A rank was not ready in time.</summary>
    public const string StartTimeout = "start_timeout";

    /// <summary>An exchange between ranks failed.</summary>
    public const string Exchange = "exchange";

    /// <summary>The ranks hold different weights where they must be equal.</summary>
    public const string RanksDiffer = "ranks_differ";

    /// <summary>Loss or gradient is not finite.</summary>
    public const string NonFinite = "non_finite";

    /// <summary>The checkpoint to start from is not what was written.</summary>
    public const string CheckpointDamaged = "checkpoint_damaged";

    /// <summary>There is no space, or no quota, left to write to.</summary>
    public const string StorageFull = "storage_full";

    /// <summary>A file or folder cannot be read or written for another reason than space.</summary>
    public const string StorageUnreadable = "storage_unreadable";

    /// <summary>Sources differ between ranks, or from those that the checkpoint was trained on.</summary>
    public const string SourcesDiffer = "sources_differ";

    /// <summary>A run whose model it starts from has failed or was cancelled.</summary>
    public const string ParentFailed = "parent_failed";

    /// <summary>The trainer or its device has run out of memory.</summary>
    public const string OutOfMemory = "out_of_memory";

    /// <summary>Any other error in the trainer.</summary>
    public const string TrainerError = "trainer_error";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [.. FailurePolicy.Table.Select(policy => policy.Cause)];
}
