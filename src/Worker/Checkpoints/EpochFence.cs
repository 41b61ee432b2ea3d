using System.Globalization;
using Temper.Worker.Models;

namespace Temper.Worker.Checkpoints;

/// <summary>A newer epoch of the run has taken over.</summary>
/// <param name="message">Which.</param>
public sealed class FencedException(string message) : Exception(message);

/// <summary>
/// Keeps a trainer that was cut off, and trains on without knowing that its run goes on elsewhere, from replacing what a newer epoch wrote: the
/// output folder names the newest epoch that has begun, and an older one writes nothing more. Between the check and the write is a moment: what is written has the
/// epoch in its name, so nothing depends on it.
/// </summary>
/// <param name="output">The run's output folder.</param>
/// <param name="runId">The run; what another run left in the folder does not count.</param>
/// <param name="epoch">The epoch of this process.</param>
internal sealed class EpochFence(string output, string runId, long epoch)
{
    private string Mark => Path.Combine(output, ".epoch");

    /// <summary>Makes this epoch the newest one.</summary>
    /// <exception cref="FencedException">It is not.</exception>
    public void Raise()
    {
        Check();
        Directory.CreateDirectory(output);
        var draft = string.Create(CultureInfo.InvariantCulture, $"{Mark}.epoch-{epoch}{WholeFolder.Unfinished}");
        File.WriteAllText(draft, string.Create(CultureInfo.InvariantCulture, $"{runId} {epoch}\n"));
        File.Move(draft, Mark, overwrite: true);
    }

    /// <summary>To be called right before something is written.</summary>
    /// <exception cref="FencedException">A newer epoch has begun.</exception>
    public void Check()
    {
        if (File.Exists(Mark)
            && File.ReadAllText(Mark).Trim().Split(' ') is [var run, var number]
            && run == runId
            && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var newest)
            && newest > epoch)
        {
            throw new FencedException($"Epoch {newest} of the run has begun elsewhere: what epoch {epoch} made is not written.");
        }
    }
}
