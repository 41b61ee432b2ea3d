using Temper.Contracts.Specs;
using TorchSharp;
using static TorchSharp.torch;

namespace Temper.Worker.Native;

/// <summary>
/// Lets the fp32 products of a bf16 model run in a GPU's matrix units, while in scope: operands are rounded to TF32, which holds every bf16
/// number, sums and results are fp32. Plain fp32 products would take about as long as a dozen in bf16. A model in fp32 gets plain ones, and
/// so does every processor.
/// </summary>
internal readonly struct TensorCores : IDisposable
{
    private readonly bool _allowed;

    private TensorCores(bool allow)
    {
        _allowed = allow;
        if (allow)
        {
            backends.cuda.matmul.allow_tf32 = true;
        }
    }

    /// <summary>For the fp32 products of a model whose others are in <paramref name="precision"/>.</summary>
    public static TensorCores ForFp32(Precision precision, Device device) => new(precision == Precision.Bf16 && device.type == DeviceType.CUDA);

    public void Dispose()
    {
        if (_allowed)
        {
            backends.cuda.matmul.allow_tf32 = false;
        }
    }
}
