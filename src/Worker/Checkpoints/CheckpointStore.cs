using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Planning.Models;
using Temper.Worker.Model;
using Temper.Worker.Models;
using Temper.Worker.Optimizers;
using Temper.Worker.SafeTensors;
using static TorchSharp.torch;

namespace Temper.Worker.Checkpoints;

/// <summary>Where training stood, beside weights and optimizer state.</summary>
/// <param name="Step">Completed steps.</param>
/// <param name="Epoch">The fencing epoch that wrote it.</param>
/// <param name="RunId">The run.</param>
/// <param name="DataHash">Hash of the rows that were trained on.</param>
/// <param name="Position">Positions of the mixture that have been drawn.</param>
/// <param name="OptimizerSteps">Updates that the optimizer has made.</param>
/// <param name="Evaluated">What the evaluation after this step has done of it, as <c>task/split</c>; null if not known, as in a checkpoint of an older program.</param>
/// <param name="Unstored">What was said of steps and evaluations that the coordinator had not confirmed yet: said again by whoever goes on from here, so that series have no gap.</param>
public sealed record CheckpointState(
    int Step,
    long Epoch,
    string RunId,
    string DataHash,
    long Position,
    long OptimizerSteps,
    IReadOnlyList<string>? Evaluated = null,
    IReadOnlyList<TrainerEvent>? Unstored = null);

/// <summary>A checkpoint cannot be used.</summary>
/// <param name="message">Which, and what is wrong with it.</param>
/// <param name="inner">The cause, if any.</param>
public sealed class CheckpointDamagedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A checkpoint cannot be read now, which says nothing about whether it is whole.</summary>
/// <param name="message">Which, and why.</param>
/// <param name="inner">The cause.</param>
public sealed class CheckpointUnreadableException(string message, Exception inner) : Exception(message, inner);

/// <summary>
/// Checkpoints in a folder. A checkpoint is whole or absent: its files are written to a folder beside, listed with their hashes in a
/// manifest that is written last, and the folder is renamed. Loading reads only what the manifest names and checks every hash.
/// A checkpoint is also a model folder: it can be decoded with, and a run can start from it.
/// </summary>
/// <param name="folder">The folder; created when needed.</param>
/// <param name="freeBytes">How much can be written to it; that of the folder's disk if null.</param>
public sealed class CheckpointStore(string folder, Func<long>? freeBytes = null)
{
    private const string Manifest = "manifest.json";
    private const string State = "state.json";
    private const string Unfinished = ".unfinished";

    /// <summary>The name of a checkpoint: its step and the epoch that wrote it, so that no two epochs ever write the same folder.</summary>
    public static string Name(int step, long epoch) => string.Create(CultureInfo.InvariantCulture, $"step-{step:D8}-epoch-{epoch}");

    /// <summary>Writes a checkpoint. Where space is short, older ones are deleted first, but never the only whole one.</summary>
    /// <returns>Its name.</returns>
    /// <exception cref="IOException">The disk is full or not writable; nothing is left that could be taken for a checkpoint.</exception>
    public string Save(CheckpointState state, ModelFolder description, T5Model model, Optimizer optimizer) => Save(state, draft =>
    {
        description.WriteInto(draft, model);
        using (NewDisposeScope())
        {
            SafeTensorsFile.Write(Path.Combine(draft, OptimizerFiles.State), optimizer.StateTensors());
        }
    });

    /// <summary>Writes a checkpoint whose weights and optimizer state <paramref name="fill"/> writes into the folder that it is given.</summary>
    internal string Save(CheckpointState state, Action<string> fill)
    {
        if (IsShort())
        {
            MakeRoom(state.Step, state.Epoch);
        }

        try
        {
            return Write(state, fill);
        }
        catch (IOException e) when (StorageFault.IsFull(e) && MakeRoom(state.Step, state.Epoch))
        {
            return Write(state, fill);
        }
    }

    /// <summary>Reads a checkpoint into <paramref name="model"/> and <paramref name="optimizer"/>.</summary>
    /// <exception cref="CheckpointDamagedException">It is missing, incomplete, or not what was written.</exception>
    /// <exception cref="CheckpointUnreadableException">It, or the folder of all checkpoints, cannot be read now.</exception>
    public CheckpointState Load(string name, T5Model model, Optimizer optimizer)
    {
        var path = Path.Combine(folder, name);
        try
        {
            Check(name);
            T5Folder.Load(path, model);
            return LoadOptimizer(path, optimizer);
        }
        catch (Exception e) when (e is JsonException or InvalidDataException)
        {
            throw new CheckpointDamagedException($"Checkpoint {name} is damaged: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointUnreadableException($"Checkpoint {name} cannot be read: {e.Message} It is tried again.", e);
        }
    }

    /// <summary>Reads the optimizer's state of the checkpoint in the folder <paramref name="checkpoint"/>, and the number of updates that led to it.</summary>
    /// <exception cref="InvalidDataException">It is not of this kind, or of other shapes.</exception>
    public static CheckpointState LoadOptimizer(string checkpoint, Optimizer optimizer)
    {
        var state = ProtocolJson.Read<CheckpointState>(File.ReadAllText(Path.Combine(checkpoint, State)));
        using var scope = NewDisposeScope();
        using var saved = SafeTensorsFile.Open(Path.Combine(checkpoint, OptimizerFiles.State));
        optimizer.LoadState(saved.Names.ToDictionary(tensor => tensor, saved.Read), state.OptimizerSteps);
        return state;
    }

    /// <summary>Deletes what earlier epochs, or an earlier attempt of this one, did not finish: it takes space that the next checkpoint needs.</summary>
    public void DeleteUnfinished(long epoch)
    {
        foreach (var draft in Directory.Exists(folder) ? Directory.GetDirectories(folder, $"step-*{Unfinished}") : [])
        {
            if (Parse(draft) is var (_, writer) && writer <= epoch)
            {
                Directory.Delete(draft, recursive: true);
            }
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
        foreach (var old in Own(step, epoch).SkipLast(keep))
        {
            Directory.Delete(old, recursive: true);
        }

        DeleteUnfinished(epoch);
    }

    private string Write(CheckpointState state, Action<string> fill)
    {
        var name = Name(state.Step, state.Epoch);
        var final = Path.Combine(folder, name);
        var draft = final + Unfinished;
        try
        {
            Directory.CreateDirectory(draft);
            fill(draft);
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
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What there is of it takes the space that somebody else may need.
            TryDelete(draft);
            throw;
        }
    }

    // The size of the next checkpoint is that of the last one.
    private bool IsShort()
    {
        try
        {
            return Own(int.MaxValue, long.MaxValue) is [.., var last] && Size(Path.GetFileName(last)) > (freeBytes ?? FreeBytes)();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Deletes all of this and earlier epochs up to this step but the newest whole checkpoint; whether there was anything to delete.</summary>
    private bool MakeRoom(int step, long epoch)
    {
        var own = Own(step, epoch);
        var whole = own.LastOrDefault(path => IsWhole(Path.GetFileName(path)));
        return whole is not null && own.Where(path => path != whole && TryDelete(path)).ToList().Count > 0;
    }

    // Oldest first.
    private IReadOnlyList<string> Own(int step, long epoch) => Directory.Exists(folder)
        ? [.. Directory.GetDirectories(folder, "step-*")
            .Where(path => !path.EndsWith(Unfinished, StringComparison.Ordinal) && Parse(path) is var (s, e) && s <= step && e <= epoch)
            .Order(StringComparer.Ordinal)]
        : [];

    private bool IsWhole(string name)
    {
        try
        {
            Check(name);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or CheckpointDamagedException)
        {
            return false;
        }
    }

    /// <summary>Compares every file with its hash.</summary>
    /// <exception cref="CheckpointDamagedException">A hash does not match, or a file is missing from a folder that can be read.</exception>
    private void Check(string name)
    {
        // Throws where the folder of all checkpoints is away, as a share that is not mounted: then nothing is known of this one.
        if (!Directory.EnumerateDirectories(folder).Select(path => Path.GetFileName(path)).Contains(name))
        {
            throw new CheckpointDamagedException($"Checkpoint {name} is not in {folder}.");
        }

        var path = Path.Combine(folder, name);
        var files = Directory.EnumerateFiles(path).Select(file => Path.GetFileName(file)).ToHashSet();
        if (!files.Contains(Manifest))
        {
            throw new CheckpointDamagedException($"Checkpoint {name} is damaged: it has no {Manifest}.");
        }

        foreach (var (file, written) in ProtocolJson.Read<Dictionary<string, string>>(File.ReadAllText(Path.Combine(path, Manifest))))
        {
            if (!files.Contains(file))
            {
                throw new CheckpointDamagedException($"Checkpoint {name} is damaged: {file} is missing.");
            }

            if (Hash(Path.Combine(path, file)) != written)
            {
                throw new CheckpointDamagedException($"Checkpoint {name} is damaged: {file} is not what was written.");
            }
        }
    }

    private long FreeBytes() => new DriveInfo(folder).AvailableFreeSpace;

    private static bool TryDelete(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
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
