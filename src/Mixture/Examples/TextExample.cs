namespace Temper.Mixture.Examples;

/// <summary>One example as text, before tokenisation.</summary>
/// <param name="Inputs">What the encoder reads.</param>
/// <param name="Targets">What the decoder should write.</param>
public readonly record struct TextExample(string Inputs, string Targets)
{
    /// <summary>The target of a row without a label, as T5 writes it: leaderboards keep the labels of their test sets.</summary>
    public const string NoLabel = "<unk>";

    /// <summary>
    /// Whether a split can be judged: false where every target is <see cref="NoLabel"/>. Its metrics and its loss are not defined then.
    /// A split is labelled whole or not at all, see <see cref="Tasks.TaskLoader"/>.
    /// </summary>
    public static bool AreLabelled(IReadOnlyList<TextExample> rows) => rows.Count == 0 || rows.Any(row => row.Targets != NoLabel);
}
