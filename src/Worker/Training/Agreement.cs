using System.Text;
using Temper.Contracts.Specs;
using Temper.Mixture.Vocabularies;
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
