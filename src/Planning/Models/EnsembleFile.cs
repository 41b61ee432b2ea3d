using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Contracts.Specs;

namespace Temper.Planning.Models;

/// <summary>
/// An ensemble on disk: a folder with <c>ensemble.json</c>, which names the members and holds none of their weights. The vocabulary lies
/// beside it, as beside a model.
/// </summary>
/// <param name="Combine">How the members become one.</param>
/// <param name="Members">
/// Their folders: relative to the ensemble's where the two have a parent in common, so that they can be moved together; absolute otherwise.
/// </param>
public sealed record EnsembleFile(Combination Combine, IReadOnlyList<string> Members)
{
    /// <summary>Name of the file.</summary>
    public const string Name = "ensemble.json";

    private const string Example = "{\"combine\": \"logits\", \"members\": [\"../a/model\", \"../b/model\"]}";

    /// <summary>Whether <paramref name="folder"/> is an ensemble.</summary>
    public static bool IsIn(string folder) => File.Exists(Path.Combine(folder, Name));

    /// <summary>The ensemble in <paramref name="folder"/>, its members as absolute paths.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, names no members, or one that is not there or an ensemble itself.</exception>
    public static EnsembleFile Read(string folder)
    {
        var read = Parse(folder);
        foreach (var (i, member) in read.Members.Index())
        {
            var place = $"{Path.Combine(folder, Name)}: members[{i}], {member},";
            if (!Directory.Exists(member))
            {
                throw new InvalidDataException($"{place} is not there. Move the model back, or write where it is now.");
            }

            if (IsIn(member))
            {
                throw new InvalidDataException($"{place} is an ensemble itself. Name its members in its place: {string.Join(", ", Parse(member).Members)}.");
            }
        }

        return read;
    }

    /// <summary>Writes the file into <paramref name="folder"/>.</summary>
    /// <param name="folder">Where it is written.</param>
    /// <param name="combine">How the members become one.</param>
    /// <param name="members">Their absolute folders.</param>
    /// <param name="home">Where the folder will be once it is in its place.</param>
    public static void Write(string folder, Combination combine, IReadOnlyList<string> members, string home) =>
        File.WriteAllText(
            Path.Combine(folder, Name),
            ProtocolJson.Write(new EnsembleFile(combine, [.. members.Select(member => Reference(Path.GetFullPath(member), Path.GetFullPath(home)))])));

    /// <summary>What the file says, members as absolute paths.</summary>
    private static EnsembleFile Parse(string folder)
    {
        var path = Path.Combine(folder, Name);
        EnsembleFile read;
        try
        {
            read = ProtocolJson.Read<EnsembleFile>(File.ReadAllText(path));
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path} cannot be read: {e.Message} It looks like {Example}.", e);
        }

        if (read.Members is not { Count: > 0 } members)
        {
            throw new InvalidDataException($"{path} names no members. Write the folders of at least one model, such as {Example}.");
        }

        foreach (var (i, member) in members.Index())
        {
            if (string.IsNullOrWhiteSpace(member) || member.Contains('\0'))
            {
                throw new InvalidDataException($"{path}: members[{i}] names no folder. Write that of a model, such as {Example}.");
            }
        }

        return read with { Members = [.. members.Select(member => Path.GetFullPath(member, Path.GetFullPath(folder)))] };
    }

    // The root of the file system is nobody's parent: what shares no more than that is not moved together.
    private static string Reference(string member, string home) =>
        FirstPart(member) == FirstPart(home) ? Path.GetRelativePath(home, member) : member;

    private static string? FirstPart(string path) =>
        path.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
}
