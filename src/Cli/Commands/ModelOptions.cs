using System.CommandLine;
using Temper.Contracts.Specs;
using Temper.Worker.Devices;
using Temper.Worker.Models;
using static TorchSharp.torch;

namespace Temper.Cli.Commands;

/// <summary>Options that the commands which use a model share.</summary>
internal static class ModelOptions
{
    public static Option<DirectoryInfo[]> Model() => new Option<DirectoryInfo[]>("--model")
    {
        Description = "Folder of a model in Hugging Face's layout, a checkpoint of a run, or an ensemble. Several make an ensemble: give the option again.",
        Required = true,
    }.AcceptExistingOnly();

    /// <summary>What the folders that were given hold.</summary>
    public static ModelSet Open(DirectoryInfo[] folders) => ModelSet.Open([.. folders.Select(folder => folder.FullName)]);

    /// <summary>Takes what is asked to compute on.</summary>
    public static ComputeDevice Take(DeviceKind asked, int threads)
    {
        var device = ComputeDevice.Take(asked);
        set_num_threads(threads);
        return device;
    }

    public static Option<FileInfo> Input(string description) => new Option<FileInfo>("--input") { Description = description, Required = true }.AcceptExistingOnly();

    public static Option<int> Batch() => Numbers.Whole("--batch", "Rows that are computed together.", 1, 100_000, () => 32);

    public static Option<int> Threads() => Numbers.Whole("--threads", "Threads; all cores if not given.", 1, 1024, () => Environment.ProcessorCount);

    public static Option<Precision> Precision() => new("--precision")
    {
        Description = "Number format of matrix products: fp32, bf16, or auto for that of the model's run, fp32 where the folder does not say.",
        DefaultValueFactory = _ => Contracts.Specs.Precision.Auto,
    };

    /// <summary>The number format that is meant: one rule for everything that asks a model.</summary>
    public static Precision Products(Precision asked, ModelSet models) =>
        asked == Contracts.Specs.Precision.Auto ? models.Computed?.Precision ?? Contracts.Specs.Precision.Fp32 : asked;

    public static Option<DeviceKind> Device() => new("--device")
    {
        Description = "Where to compute: cpu, cuda, or auto for a GPU where libtorch can use one.",
        DefaultValueFactory = _ => DeviceKind.Auto,
    };

    public static Option<int?> InputLength() => Numbers.WholeIfGiven("--input-length", "Longest input in tokens, end of sequence included; longer texts are cut. No limit if not given.", 2, 65_536);
}
