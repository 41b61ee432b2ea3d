using System.Text.Json.Nodes;
using Temper.Contracts.Specs;
using Temper.TestKit;
using Temper.Worker.Model;
using Temper.Worker.Native;
using Temper.Worker.SafeTensors;
using static TorchSharp.torch;

namespace Temper.Worker.Tests.Model;

/// <summary>One folder of <c>shared/golden</c>: a tiny checkpoint and what an independent implementation computes with it.</summary>
internal sealed class Golden : IDisposable
{
    private readonly SafeTensorsFile _case;

    public Golden(string name)
    {
        TorchLibrary.Load();
        Folder = Repository.Shared(Path.Combine("golden", name));
        _case = SafeTensorsFile.Open(Path.Combine(Folder, "case.safetensors"));
        Expected = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "expected.json")))!;
        var (inputs, labels) = (Case("input_ids"), Case("labels"));
        Batch = new ModelBatch(
            (int)inputs.shape[0], (int)inputs.shape[1], (int)labels.shape[1], Ids(inputs), Ids(labels));
    }

    public string Folder { get; }

    public JsonNode Expected { get; }

    public ModelBatch Batch { get; }

    public Tensor Case(string name) => _case.Read(name);

    public T5Model Model(Precision precision = Precision.Fp32) => T5Folder.Open(Folder, precision);

    public void Dispose() => _case.Dispose();

    private static int[] Ids(Tensor ids) => Array.ConvertAll(ids.data<long>().ToArray(), id => (int)id);
}
