using System.Buffers.Binary;
using System.Text;
using Temper.Mixture.Vocabularies;
using Temper.Planning.Tasks;
using Temper.Worker.Collectives;

namespace Temper.Worker.Training;

/// <summary>Finds ranks that would not work on the same before they begin.</summary>
internal static class Agreement
{
    /// <summary>Compares rows, vocabulary and whatever else must be the same on all ranks.</summary>
    /// <param name="collective">The ranks.</param>
    /// <param name="tasks">The rows that this rank sees.</param>
    /// <param name="vocabulary">The vocabulary that it sees.</param>
    /// <param name="more">Anything else, without line ends.</param>
    /// <exception cref="SourcesDifferException">They differ; says where.</exception>
    public static void OnData(ICollective collective, TaskSet tasks, IVocabulary vocabulary, string more)
    {
        var own = $"{tasks.ContentHash} {vocabulary.ContentHash} {more}";
        var all = collective.AllGather(Encoding.UTF8.GetBytes(own + "\n" + string.Join('\n', tasks.Hashes.Select(pair => $"{pair.Key} {pair.Value}"))))
            .Select(bytes => Encoding.UTF8.GetString(bytes).Split('\n')).ToList();
        for (var rank = 1; rank < all.Count; rank++)
        {
            var differing = all[0].Zip(all[rank]).Skip(1).Where(pair => pair.First != pair.Second).Select(pair => pair.First.Split(' ')[0]).ToList();
            if (differing.Count > 0 || all[0][0] != all[rank][0])
            {
                var what = differing.Count > 0 ? $"of {string.Join(", ", differing)} " : "or the vocabulary ";
                throw new SourcesDifferException($"The rows {what}differ between rank 0 and rank {rank}: their hosts see different files (or, for built-in tasks, different CLDR data). Give all hosts the same.");
            }
        }
    }

    /// <summary>Compares the weights of all ranks after the same step.</summary>
    /// <param name="collective">The ranks.</param>
    /// <param name="step">The step, for the message.</param>
    /// <param name="hash">This rank's <see cref="WeightHash"/>.</param>
    /// <param name="deadline">How long ranks wait for the slowest.</param>
    /// <exception cref="RanksDifferException">They differ; names the ranks that most others contradict.</exception>
    public static void OnWeights(ICollective collective, int step, UInt128 hash, TimeSpan deadline)
    {
        Span<byte> own = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(own, hash);
        var bytes = own.ToArray();
        if (Difference([.. collective.WithDeadline(deadline, ranks => ranks.AllGather(bytes)).Select(all => BinaryPrimitives.ReadUInt128LittleEndian(all))], step) is { } difference)
        {
            throw difference;
        }
    }

    /// <summary>What is wrong with the hashes of all ranks, in their order; null if they are the same.</summary>
    public static RanksDifferException? Difference(IReadOnlyList<UInt128> hashes, int step)
    {
        var groups = hashes.Index().GroupBy(rank => rank.Item, rank => rank.Index).Select(group => group.ToList()).OrderByDescending(group => group.Count).ToList();
        if (groups.Count == 1)
        {
            return null;
        }

        var remedy = "Nothing was saved of it: a machine computes wrongly, or its program or libraries differ.";
        if (2 * groups[0].Count <= hashes.Count)
        {
            return new RanksDifferException($"After step {step} the weights of {string.Join(" differ from those of ", groups.Select(Named))}, and there is no majority to say which are right. {remedy}", null);
        }

        var odd = groups.Skip(1).SelectMany(group => group).Order().ToList();
        return new RanksDifferException($"After step {step} the weights of {Named(odd)} differ from those of the other {groups[0].Count} ranks. {remedy}", odd is [var one] ? one : null);
    }

    private static string Named(List<int> ranks) => ranks is [var one] ? $"rank {one}" : $"ranks {string.Join(", ", ranks)}";

    /// <summary>Compares the models that ranks have read.</summary>
    /// <param name="collective">The ranks.</param>
    /// <param name="models">Folder and hash of each.</param>
    /// <exception cref="SourcesDifferException">They differ; names the folders.</exception>
    public static void OnModels(ICollective collective, IReadOnlyList<(string Folder, string Hash)> models)
    {
        var all = collective.AllGather(Encoding.UTF8.GetBytes(string.Join('\n', models.Select(model => model.Hash))))
            .Select(bytes => Encoding.UTF8.GetString(bytes).Split('\n')).ToList();
        for (var rank = 1; rank < all.Count; rank++)
        {
            var differing = models.Where((_, i) => all[0][i] != all[rank][i]).Select(model => model.Folder).ToList();
            if (differing.Count > 0)
            {
                throw new SourcesDifferException($"What lies in {string.Join(", ", differing)} differs between rank 0 and rank {rank}: their hosts see different files. Give all hosts the same.");
            }
        }
    }
}
