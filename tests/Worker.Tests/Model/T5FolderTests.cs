using System.Buffers.Binary;
using System.Text;
using Temper.Contracts.Models;
using Temper.Contracts.Specs;
using Temper.Worker.Model;
using Temper.Worker.Native;
using Temper.Worker.SafeTensors;
using static TorchSharp.torch;

namespace Temper.Worker.Tests.Model;

public sealed class T5FolderTests : IDisposable
{
    private const long Actual = 0;

    private readonly string _folder = Directory.CreateTempSubdirectory("temper-").FullName;

    public T5FolderTests() => TorchLibrary.Load();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory, InlineData(long.MaxValue, 1), InlineData(100_000, 5)]
    public void A_model_survives_its_folder_whole_or_in_shards(long shardBytes, int files)
    {
        using var model = Tiny(ModelFamily.V1_0);
        T5Folder.Save(_folder, model, shardBytes);

        using var read = T5Folder.Open(_folder, Precision.Fp32);

        Assert.Equal(files, Directory.GetFiles(_folder, "*.safetensors").Length);
        Assert.Empty(Directory.GetFiles(_folder, "*.partial"));
        Assert.Equal(model.Config, read.Config);
        Assert.True(model.Parameters.ValueSpan.SequenceEqual(read.Parameters.ValueSpan));
    }

    [Theory, InlineData(ScalarType.BFloat16), InlineData(ScalarType.Float16), InlineData(ScalarType.Float64)]
    public void Other_number_formats_are_read_as_single_precision(ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var model = Tiny(ModelFamily.V1_1);
        var tensors = Tensors(model).ToDictionary(pair => pair.Key, pair => pair.Value.to(type));
        SafeTensorsFile.Write(Path.Combine(_folder, "model.safetensors"), tensors);

        using var read = Tiny(ModelFamily.V1_1, seed: 2);
        T5Folder.Load(_folder, read);

        Assert.All(tensors, pair => Assert.True(read.Parameters.Value(pair.Key).eq(pair.Value.to(ScalarType.Float32)).all().item<bool>()));
    }

    [Fact]
    public void Names_of_tied_tables_are_accepted_and_must_agree()
    {
        using var scope = NewDisposeScope();
        using var model = Tiny(ModelFamily.V1_0);
        var tensors = Tensors(model);
        var table = tensors["shared.weight"];
        tensors.Remove("shared.weight");
        tensors["encoder.embed_tokens.weight"] = table;
        tensors["lm_head.weight"] = table;
        tensors["decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"] = zeros(32, 4);
        var path = Path.Combine(_folder, "model.safetensors");
        SafeTensorsFile.Write(path, tensors);

        using var read = Tiny(ModelFamily.V1_0, seed: 2);
        T5Folder.Load(_folder, read);
        Assert.True(model.Parameters.ValueSpan.SequenceEqual(read.Parameters.ValueSpan));

        tensors["lm_head.weight"] = table + 1;
        SafeTensorsFile.Write(path, tensors);
        var e = Assert.Throws<InvalidDataException>(() => T5Folder.Load(_folder, read));
        Assert.Contains("lm_head.weight differs", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_that_does_not_fit_is_refused_with_every_reason_and_changes_nothing()
    {
        using var scope = NewDisposeScope();
        using var model = Tiny(ModelFamily.V1_1);
        var before = model.Parameters.ValueSpan.ToArray();
        var tensors = Tensors(Tiny(ModelFamily.V1_1, seed: 2));
        tensors.Remove("lm_head.weight");
        tensors["shared.weight"] = zeros(3, 3);
        tensors["classifier.weight"] = zeros(1);
        SafeTensorsFile.Write(Path.Combine(_folder, "model.safetensors"), tensors);

        var e = Assert.Throws<InvalidDataException>(() => T5Folder.Load(_folder, model));

        Assert.All(
            ["lm_head.weight is missing", "shared.weight has shape [3, 3]", "classifier.weight is not"],
            reason => Assert.Contains(reason, e.Message, StringComparison.Ordinal));
        Assert.True(model.Parameters.ValueSpan.SequenceEqual(before));
    }

    [Theory]
    [InlineData("{}", -1L, 0)]
    [InlineData("{}", 4_000_000_000L, 0)]
    [InlineData("{}", 1L << 20, 0)]
    [InlineData("{}", 2L, 4)]
    [InlineData("[1]", 3L, 0)]
    [InlineData("{nonsense", 9L, 0)]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", Actual, 4)]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}}""", Actual, 4)]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""", Actual, 0)]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", Actual, 4)]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", Actual, 8)]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", Actual, 3)]
    [InlineData("""{"a":{"dtype":"I4","shape":[1],"data_offsets":[0,4]}}""", Actual, 4)]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", Actual, 4)]
    [InlineData("""{"a":7}""", Actual, 0)]
    public void Malformed_headers_are_refused(string header, long claimed, int dataBytes)
    {
        var bytes = new byte[8 + header.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, claimed == Actual ? header.Length : claimed);
        Encoding.UTF8.GetBytes(header, bytes.AsSpan(8));
        var path = Path.Combine(_folder, "bad.safetensors");
        File.WriteAllBytes(path, bytes);

        Assert.Throws<InvalidDataException>(() => SafeTensorsFile.Open(path).Dispose());
    }

    private static T5Model Tiny(ModelFamily family, long seed = 1) =>
        new(T5Sizes.Get("tiny", family) with { VocabularySize = 64, ModelSize = 32, HiddenSize = 32 }, Precision.Fp32, new T5Initialization(seed));

    private static Dictionary<string, Tensor> Tensors(T5Model model) =>
        model.Parameters.Slots.ToDictionary(slot => slot.Name, slot => model.Parameters.Value(slot.Name));
}
