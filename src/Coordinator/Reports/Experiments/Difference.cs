namespace Temper.Coordinator.Reports.Experiments;

/// <summary>A difference of two means, and what may be said of it.</summary>
/// <param name="Points">First minus second.</param>
/// <param name="P">Its p-value, adjusted for whatever else is said beside it; null where nothing is known about noise.</param>
/// <param name="Rule">What it was judged by.</param>
internal readonly record struct Difference(double Points, double? P, NoiseRule Rule)
{
    /// <summary>Whether anything is known about noise.</summary>
    public bool IsJudged => P is not null;

    /// <summary>Whether it is more than noise.</summary>
    public bool IsReal => NoiseRule.Carries(P);

    public bool IsGain => IsReal && Points > 0;

    public bool IsLoss => IsReal && Points < 0;
}

/// <summary>A difference on the task of a column.</summary>
internal sealed record TaskDifference(int Column, string Task, Difference Difference);
