using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Worker.Checkpoints.SafeTensors;
using Temper.Worker.Model;
using Temper.Worker.Models;
using Temper.Worker.Training.Optimizers;
using static TorchSharp.torch;

namespace Temper.Worker.Checkpoints;

/// <summary>Where training stood, beside weights and optimizer state.</summary>
/// <param name="Step">Completed steps.</param>
/// <param name="Epoch">The fencing epoch that wrote it.</param>
/// <param name="RunId">The run.</param>
/// <param name="DataHash">Hash of the rows that were trained on.</param>
/// <param name="Position">Positions of the mixture that have been drawn.</param>
/// <param name="OptimizerSteps">Updates that the optimizer has made.</param>
public sealed record CheckpointState(int Step, long Epoch, string RunId, string DataHash, long Position, long OptimizerSteps);

/// <summary>A checkpoint cannot be used.</summary>
/// <param name="message">Which, and what is wrong with it.</param>
/// <param name="inner">The cause, if any.</param>
public sealed class CheckpointDamagedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// Checkpoints in a folder. A checkpoint is whole or absent: its files are written to a folder beside, listed with their hashes in a
/// manifest that is written last, and the folder is renamed. Loading reads only what the manifest names and checks every hash.
/// A checkpoint is also a model folder: it can be decoded with, and a run can start from it.
/// </summary>
/// <param name="folder">The folder; created when needed.</param>
public sealed class CheckpointStore(string folder)
{
    private const string Manifest = "manifest.json";
    private const string OptimizerState = "optimizer.safetensors";
    private const string State = "state.json";
    private const string Unfinished = ".unfinished";

    /// <summary>The name of a checkpoint: its step and the epoch that wrote it, so that no two epochs ever write the same folder.</summary>
    public static string Name(int step, long epoch) => string.Create(CultureInfo.InvariantCulture, $"step-{step:D8}-epoch-{epoch}");

    /// <summary>Writes a checkpoint.</summary>
    /// <returns>Its name.</returns>
    /// <exception cref="IOException">The disk is full or not writable; nothing is left that could be taken for a checkpoint.</exception>
    public string Save(CheckpointState state, ModelFolder description, T5Model model, Optimizer optimizer)
    {
        var name = Name(state.Step, state.Epoch);
        var final = Path.Combine(folder, name);
        var draft = final + Unfinished;
        description.WriteInto(draft, model);
        using (NewDisposeScope())
        {
            SafeTensorsFile.Write(Path.Combine(draft, OptimizerState), optimizer.StateTensors());
        }

        File.WriteAllText(Path.Combine(draft, State), ProtocolJson.Write(state));
        var hashes = Directory.EnumerateFiles(draft).ToDictionary(file => Path.GetFileName(file), Hash);
        File.WriteAllText(Path.Combine(draft, Manifest), ProtocolJson.Write(hashes));
        foreach (var file in Directory.EnumerateFiles(draft))
        {
            Flush(file);
        }

        if (Directory.Exists(final))
        {
            // The same step of the same epoch, saved before: the contents are the same.
            Directory.Delete(final, recursive: true);
        }

        Directory.Move(draft, final);
        return name;
    }

    /// <summary>Reads a checkpoint into <paramref name="model"/> and <paramref name="optimizer"/>.</summary>
    /// <exception cref="CheckpointDamagedException">It is missing, incomplete, or not what was written.</exception>
    public CheckpointState Load(string name, T5Model model, Optimizer optimizer)
    {
        var path = Path.Combine(folder, name);
        try
        {
            var hashes = ProtocolJson.Read<Dictionary<string, string>>(File.ReadAllText(Path.Combine(path, Manifest)));
            foreach (var (file, written) in hashes)
            {
                if (Hash(Path.Combine(path, file)) != written)
                {
                    throw new CheckpointDamagedException($"Checkpoint {name} is damaged: {file} is not what was written.");
                }
            }

            var state = ProtocolJson.Read<CheckpointState>(File.ReadAllText(Path.Combine(path, State)));
            T5Folder.Load(path, model);
            using var scope = NewDisposeScope();
            using var saved = SafeTensorsFile.Open(Path.Combine(path, OptimizerState));
            optimizer.LoadState(saved.Names.ToDictionary(tensor => tensor, saved.Read), state.OptimizerSteps);
            return state;
        }
        catch (Exception e) when (e is IOException or JsonException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new CheckpointDamagedException($"Checkpoint {name} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Bytes that a checkpoint takes on the disk.</summary>
    public long Size(string name) => Directory.EnumerateFiles(Path.Combine(folder, name)).Sum(file => new FileInfo(file).Length);

    /// <summary>
    /// Deletes all but the last <paramref name="keep"/> checkpoints up to that of (<paramref name="step"/>, <paramref name="epoch"/>), and what
    /// was never finished. What a newer epoch wrote, or an older one further on, is not this epoch's to delete.
    /// </summary>
    public void Prune(int keep, int step, long epoch)
    {
        var own = Directory.GetDirectories(folder, "step-*").Where(path => Parse(path) is var (s, e) && s <= step && e <= epoch).ToLookup(path => path.EndsWith(Unfinished, StringComparison.Ordinal));
        foreach (var old in own[false].OrderDescending(StringComparer.Ordinal).Skip(keep).Concat(own[true]))
        {
            Directory.Delete(old, recursive: true);
        }
    }

    private static (int Step, long Epoch)? Parse(string path)
    {
        var parts = Path.GetFileName(path).Replace(Unfinished, "", StringComparison.Ordinal).Split('-');
        return parts is ["step", var step, "epoch", var epoch] && int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var s) && long.TryParse(epoch, NumberStyles.None, CultureInfo.InvariantCulture, out var e)
            ? (s, e)
            : null;
    }

    private static string Hash(string path)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private static void Flush(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        stream.Flush(flushToDisk: true);
    }
}
