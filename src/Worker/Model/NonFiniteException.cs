namespace Temper.Worker.Model;

/// <summary>A weight, a loss, a gradient or a logit is not a number or infinite.</summary>
/// <param name="message">Where: the tensor, or the step, the tasks and the rows.</param>
/// <param name="row">The row whose answer it is, counted from 0 as the caller gave it; null where it is not about one row.</param>
public sealed class NonFiniteException(string message, int? row = null) : Exception(message)
{
    /// <summary>The row whose answer it is, counted from 0; null where it is not about one row.</summary>
    public int? Row => row;
}
