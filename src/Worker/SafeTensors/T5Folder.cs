using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Temper.Contracts.Models;
using Temper.Contracts.Specs;
using Temper.Planning.Models;
using Temper.Worker.Model;
using static TorchSharp.torch;

namespace Temper.Worker.SafeTensors;

/// <summary>
/// A model as a folder in Hugging Face's layout: <c>config.json</c> and <c>model.safetensors</c>, or shards of it listed in
/// <c>model.safetensors.index.json</c>.
/// </summary>
public static class T5Folder
{
    // Hugging Face's names for the embedding, and a table that published checkpoints carry and no code reads.
    private static readonly string[] s_embeddingAliases = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"];
    private const string Unused = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";

    /// <inheritdoc cref="T5Files.ReadConfig"/>
    public static T5Config ReadConfig(string folder) => T5Files.ReadConfig(folder);

    /// <summary>SHA-256 over configuration and parameters as they are stored, in hexadecimal.</summary>
    public static string ContentHash(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        foreach (var path in T5Files.Weights(folder).Prepend(Path.Combine(folder, T5Files.Config)))
        {
            using var file = File.OpenRead(path);
            for (int read; (read = file.Read(buffer)) > 0;)
            {
                hash.AppendData(buffer.AsSpan(0, read));
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>A model with the folder's shape and parameters.</summary>
    public static T5Model Open(string folder, Precision precision, Device? device = null)
    {
        var model = new T5Model(ReadConfig(folder), precision, device);
        try
        {
            Load(folder, model);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Reads the folder's parameters, fp32, bf16 or fp16, into a model of the same shape.</summary>
    /// <exception cref="InvalidDataException">Parameters are missing, unexpected or of another shape; all are listed, and none is loaded.</exception>
    public static void Load(string folder, T5Model model) => Load(T5Files.Weights(folder), model);

    /// <summary>Reads the parameters of safetensors files that together hold all of them.</summary>
    /// <exception cref="InvalidDataException">Parameters are missing, unexpected or of another shape; all are listed, and none is loaded.</exception>
    public static void Load(IReadOnlyList<string> paths, T5Model model)
    {
        Native.TorchLibrary.Load();
        var files = new List<SafeTensorsFile>();
        try
        {
            files.AddRange(paths.Select(SafeTensorsFile.Open));
            var sources = Match(files, model);
            using var noGrad = no_grad();
            foreach (var (name, (file, stored)) in sources)
            {
                using var scope = NewDisposeScope();
                model.Parameters.Value(name).copy_(file.Read(stored));
            }

            model.Parameters.ValuesChanged();
        }
        finally
        {
            files.ForEach(file => file.Dispose());
        }
    }

    /// <summary>Writes the model's configuration and fp32 parameters; into shards where a single file would exceed <paramref name="shardBytes"/>.</summary>
    public static void Save(string folder, T5Model model, long shardBytes = 5_000_000_000)
    {
        Directory.CreateDirectory(folder);
        var shards = Shards(model.Parameters.Slots, shardBytes);
        var index = new JsonObject();
        for (var i = 0; i < shards.Count; i++)
        {
            using var scope = NewDisposeScope();
            var file = shards.Count == 1 ? T5Files.SingleFile : $"model-{i + 1:00000}-of-{shards.Count:00000}.safetensors";
            SafeTensorsFile.Write(
                Path.Combine(folder, file),
                [.. shards[i].Select(slot => KeyValuePair.Create(slot.Name, model.Parameters.Value(slot.Name)))]);
            shards[i].ForEach(slot => index[slot.Name] = file);
        }

        if (shards.Count > 1)
        {
            var bytes = model.Parameters.Slots.Sum(slot => slot.Count) * sizeof(float);
            var root = new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = bytes }, ["weight_map"] = index };
            WriteText(Path.Combine(folder, T5Files.IndexFile), root.ToJsonString());
        }

        WriteText(Path.Combine(folder, T5Files.Config), T5ConfigJson.Format(model.Config));
    }

    private static List<List<ParameterSlot>> Shards(IEnumerable<ParameterSlot> slots, long shardBytes)
    {
        var shards = new List<List<ParameterSlot>>();
        var room = 0L;
        foreach (var slot in slots)
        {
            var bytes = slot.Count * sizeof(float);
            if (shards.Count == 0 || bytes > room)
            {
                shards.Add([]);
                room = shardBytes;
            }

            shards[^1].Add(slot);
            room -= bytes;
        }

        return shards;
    }

    private static void WriteText(string path, string text)
    {
        var partial = $"{path}.{Environment.ProcessId}.partial";
        File.WriteAllText(partial, text);
        File.Move(partial, path, overwrite: true);
    }

    /// <summary>For each parameter the file and the name that it is stored under.</summary>
    private static Dictionary<string, (SafeTensorsFile File, string Stored)> Match(List<SafeTensorsFile> files, T5Model model)
    {
        var (sources, aliases, problems) = (new Dictionary<string, (SafeTensorsFile File, string Stored)>(StringComparer.Ordinal),
            new List<(SafeTensorsFile File, string Stored)>(), new List<string>());
        var slots = model.Parameters.Slots.ToDictionary(slot => slot.Name, StringComparer.Ordinal);
        foreach (var (file, stored) in files.SelectMany(file => file.Names.Select(name => (file, name))))
        {
            if (slots.ContainsKey(stored))
            {
                if (!sources.TryAdd(stored, (file, stored)))
                {
                    problems.Add($"{stored} is in two shards");
                }
            }
            else if (s_embeddingAliases.Contains(stored) || (model.Config.Tied && stored == T5Layout.Head))
            {
                aliases.Add((file, stored));
            }
            else if (stored != Unused)
            {
                problems.Add($"{stored} is not a parameter of this model");
            }
        }

        if (aliases.Count > 0)
        {
            sources.TryAdd(T5Layout.Shared, aliases[0]);
        }

        foreach (var slot in slots.Values)
        {
            if (!sources.TryGetValue(slot.Name, out var source))
            {
                problems.Add($"{slot.Name} is missing");
            }
            else if (!source.File.Shape(source.Stored).SequenceEqual(slot.Shape))
            {
                problems.Add(
                    $"{source.Stored} has shape [{string.Join(", ", source.File.Shape(source.Stored))}], not [{string.Join(", ", slot.Shape)}]");
            }
        }

        if (problems.Count == 0)
        {
            // A tied table that is stored twice with different values is another model than the configuration says.
            var shared = sources[T5Layout.Shared];
            problems.AddRange(aliases.Where(alias => alias != shared && !SameValues(alias, shared))
                .Select(alias => $"{alias.Stored} differs from {shared.Stored}, to which it should be tied"));
        }

        return problems.Count == 0
            ? sources
            : throw new InvalidDataException($"The checkpoint does not fit the model: {string.Join("; ", problems)}.");
    }

    private static bool SameValues((SafeTensorsFile File, string Stored) one, (SafeTensorsFile File, string Stored) other)
    {
        using var scope = NewDisposeScope();
        return one.File.Shape(one.Stored).SequenceEqual(other.File.Shape(other.Stored))
            && one.File.Read(one.Stored).eq(other.File.Read(other.Stored)).all().item<bool>();
    }
}
