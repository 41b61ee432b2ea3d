using System.Globalization;
using Temper.Worker.Model;
using static TorchSharp.torch;

namespace Temper.Worker.Models;

/// <summary>Refuses models with weights that are not finite: their answers mean nothing, and most of them look like answers.</summary>
internal static class FiniteWeights
{
    /// <param name="model">The model.</param>
    /// <param name="name">What to call it.</param>
    /// <exception cref="NonFiniteException">Names the first tensor, and how many of its values are to blame.</exception>
    public static void Check(T5Model model, string name)
    {
        foreach (var slot in model.Parameters.Slots)
        {
            using var scope = NewDisposeScope();
            var isFinite = model.Parameters.Value(slot.Name).isfinite();
            if (!isFinite.all().item<bool>())
            {
                var bad = slot.Count - isFinite.sum().item<long>();
                throw new NonFiniteException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{name} cannot be used: {bad} of the {slot.Count} values of {slot.Name} are not finite (NaN or infinity). Take another checkpoint of it."));
            }
        }
    }
}
