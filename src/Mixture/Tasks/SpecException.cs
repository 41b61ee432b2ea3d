namespace Temper.Mixture.Tasks;

/// <summary>A specification that cannot be used: every mistake that was found, each with its place and its remedy.</summary>
public sealed class SpecException : Exception
{
    /// <summary>Refuses a specification.</summary>
    /// <param name="errors">What is wrong; at least one.</param>
    /// <param name="inner">What led to it, if it was an exception.</param>
    public SpecException(IReadOnlyList<SpecError> errors, Exception? inner = null)
        : base(string.Join(Environment.NewLine, errors), inner)
    {
        Errors = errors;
    }

    /// <summary>What is wrong.</summary>
    public IReadOnlyList<SpecError> Errors { get; }
}
