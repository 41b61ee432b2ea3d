namespace Temper.Mixture.Sources;

/// <summary>A row that cannot be read: the message says where (<c>file:line</c>), what is wrong and what would be right.</summary>
public sealed class SourceException : Exception
{
    /// <summary>A mistake at a line of a file.</summary>
    /// <param name="place">Where, such as <c>sst2/train.tsv:17</c>.</param>
    /// <param name="problem">What is wrong and what would be right.</param>
    /// <param name="inner">What the runtime had to say, if anything.</param>
    public SourceException(string place, string problem, Exception? inner = null)
        : base($"{place}: {problem}", inner)
    {
        Place = place;
    }

    /// <summary>File as the spec names it and, where there is one, the line: <c>sst2/train.tsv:17</c>.</summary>
    public string Place { get; }
}
