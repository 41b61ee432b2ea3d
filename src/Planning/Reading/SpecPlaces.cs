using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Temper.Planning.Reading;

/// <summary>Finds where in the text of a spec something is wrong, for those who show the text.</summary>
public static class SpecPlaces
{
    /// <summary>
    /// The line, from 1, of what the path of an error names, or of the nearest thing around it that is there; null where the path names nothing
    /// of the text. JSON is read as the YAML that it is.
    /// </summary>
    /// <param name="text">The spec as YAML or JSON.</param>
    /// <param name="path">The path of an error, such as <c>tasks.months.builtin</c> or <c>scaling.larger[1]</c>.</param>
    public static int? LineOf(string text, string path) => LinesOf(text, [path])[0];

    /// <summary>The line of each path, as <see cref="LineOf"/> finds it; the text is read once.</summary>
    public static IReadOnlyList<int?> LinesOf(string text, IReadOnlyList<string> paths)
    {
        int? broken = null;
        try
        {
            var stream = YamlText.Load(text);
            return [.. paths.Select(path => stream.Documents.Count == 1 && path is not ['?', ..] ? Find(stream.Documents[0].RootNode, path) : null)];
        }
        catch (YamlException e)
        {
            broken = e.Start.Line > 0 ? (int)e.Start.Line : null;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or OverflowException)
        {
            // So the parser fails at some texts that are broken in rare ways, without a place.
        }

        return [.. paths.Select(_ => broken)];
    }

    private static int? Find(YamlNode root, string path)
    {
        int? line = null;
        var (node, rest) = (root, path);
        while (rest.Length > 0)
        {
            var next = node switch
            {
                YamlMappingNode mapping => InMapping(mapping, rest),
                YamlSequenceNode sequence => InSequence(sequence, rest),
                _ => null,
            };
            if (next is not var (at, inner, left))
            {
                // What an experiment's run has wrong was mostly written in base.
                return line is null && rest.StartsWith("runs.", StringComparison.Ordinal) ? InBase(root, rest) : line;
            }

            (line, node, rest) = (at, inner, left);
        }

        return line;
    }

    // The key of a run may hold dots: the rest that base knows begins behind one of them.
    private static int? InBase(YamlNode root, string path) => Enumerable.Range(0, path.Length)
        .Where(i => path[i] == '.')
        .Skip(1)
        .Select(i => InMapping(root as YamlMappingNode ?? [], "base" + path[i..]) is var (_, inner, left) && InMapping(inner as YamlMappingNode ?? [], left) is not null ? Find(inner, left) : null)
        .FirstOrDefault(line => line is not null);

    // Names of tasks may hold dots and brackets: the longest key that fits is meant.
    private static (int Line, YamlNode Inner, string Left)? InMapping(YamlMappingNode mapping, string path) => mapping.Children
        .Select(pair => (Key: pair.Key as YamlScalarNode, Inner: pair.Value))
        .Where(pair => pair.Key?.Value is { Length: > 0 } key && path.StartsWith(key, StringComparison.Ordinal) && (path.Length == key.Length || path[key.Length] is '.' or '['))
        .OrderByDescending(pair => pair.Key!.Value!.Length)
        .Select(pair => ((int, YamlNode, string)?)((int)pair.Key!.Start.Line, pair.Inner, path[pair.Key.Value!.Length..].TrimStart('.')))
        .FirstOrDefault();

    private static (int Line, YamlNode Inner, string Left)? InSequence(YamlSequenceNode sequence, string path)
    {
        var end = path.IndexOf(']', StringComparison.Ordinal);
        return path is ['[', ..] && end > 0 && int.TryParse(path.AsSpan(1, end - 1), out var index) && index >= 0 && index < sequence.Children.Count
            ? ((int)sequence.Children[index].Start.Line, sequence.Children[index], path[(end + 1)..].TrimStart('.'))
            : null;
    }
}
