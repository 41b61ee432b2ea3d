using Temper.Contracts.Agents;

namespace Temper.Worker.Training;

/// <summary>Measures what a rank spends one step on. Begins when it is made.</summary>
internal sealed class StepWatch(TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    /// <summary>Since the step began.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(_start);

    /// <summary>Planning the batch, and reading its rows.</summary>
    public TimeSpan Data { get; private set; }

    /// <summary>Until this rank could take part in the exchange.</summary>
    public TimeSpan UntilExchange { get; private set; }

    /// <summary>Waiting for and summing gradients.</summary>
    public TimeSpan Exchange { get; private set; }

    /// <summary>Clipping the gradient and updating the weights.</summary>
    public TimeSpan Optimizer { get; private set; }

    /// <summary>All of it, as a trainer adds it up. The forward and backward passes are what remains before the exchange.</summary>
    public RankSeconds Spent => new(Data.TotalSeconds, (UntilExchange - Data).TotalSeconds, Exchange.TotalSeconds, Optimizer.TotalSeconds);

    /// <summary>Measures work on data, of which there are several pieces.</summary>
    public T MeasureData<T>(Func<T> work)
    {
        var start = time.GetTimestamp();
        var result = work();
        Data += time.GetElapsedTime(start);
        return result;
    }

    /// <summary>The passes over all micro-batches have ended.</summary>
    public void BeginExchange() => UntilExchange = Elapsed;

    /// <summary>Gradients are summed.</summary>
    public void EndExchange() => Exchange = Elapsed - UntilExchange;

    /// <summary>Measures the update.</summary>
    public T MeasureOptimizer<T>(Func<T> work)
    {
        var start = time.GetTimestamp();
        var result = work();
        Optimizer = time.GetElapsedTime(start);
        return result;
    }
}
