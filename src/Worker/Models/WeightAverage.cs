using Temper.Contracts.Specs;
using Temper.Worker.Model;
using Temper.Worker.Native;
using Temper.Worker.SafeTensors;
using static TorchSharp.torch;

namespace Temper.Worker.Models;

/// <summary>The uniform average of the weights of several models of one shape.</summary>
internal static class WeightAverage
{
    /// <summary>Loads it, summed in fp32 in the order of <paramref name="folders"/>; of a single folder just its weights. Two models are in memory at most.</summary>
    /// <exception cref="InvalidDataException">A folder's parameters do not fit the model.</exception>
    public static void Load(IReadOnlyList<string> folders, T5Model model)
    {
        T5Folder.Load(folders[0], model);
        if (folders.Count == 1)
        {
            return;
        }

        using var noGrad = no_grad();
        using var next = new T5Model(model.Config, Precision.Fp32, model.Parameters.Device, trainable: false);
        foreach (var folder in folders.Skip(1))
        {
            T5Folder.Load(folder, next);
            using var scope = NewDisposeScope();
            model.Parameters.Values.add_(next.Parameters.Values, Scalars.One);
        }

        using var last = NewDisposeScope();
        model.Parameters.Values.div_(Scalars.Of(folders.Count));
        model.Parameters.ValuesChanged();
    }
}
