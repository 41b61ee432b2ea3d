namespace Temper.Mixture.Tasks;

/// <summary>A mistake in a specification: where it is, what is wrong, and what would be right.</summary>
/// <param name="Path">Place in the spec, such as <c>tasks.sst2.train.files[0]</c>.</param>
/// <param name="Message">What is wrong and what would be right, one sentence each.</param>
public sealed record SpecError(string Path, string Message)
{
    /// <summary><c>path: message</c>.</summary>
    public override string ToString() => $"{Path}: {Message}";
}
