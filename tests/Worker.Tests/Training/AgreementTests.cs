using System.IO.Hashing;
using System.Runtime.InteropServices;
using Temper.Worker.Devices;
using Temper.Worker.Training;
using static TorchSharp.torch;

namespace Temper.Worker.Tests.Training;

public class AgreementTests
{
    [Theory]
    [InlineData("aaaa", null, null)]
    [InlineData("a", null, null)]
    [InlineData("aab", "of rank 2 differ from those of the other 2 ranks", 2)]
    [InlineData("baaa", "of rank 0 differ from those of the other 3 ranks", 0)]
    [InlineData("abaca", "of ranks 1, 3 differ from those of the other 3 ranks", null)]
    [InlineData("aabb", "of ranks 0, 1 differ from those of ranks 2, 3, and there is no majority", null)]
    [InlineData("abc", "of rank 0 differ from those of rank 1 differ from those of rank 2, and there is no majority", null)]
    public void The_majority_says_whose_weights_are_wrong(string hashes, string? message, int? rank)
    {
        var error = Agreement.Difference([.. hashes.Select(hash => (UInt128)hash)], step: 7);

        Assert.Equal((message is null, rank), (error is null, error?.Rank));
        Assert.Contains(message ?? "", error?.Message ?? "");
    }

    [Fact]
    public void The_hash_of_weights_is_that_of_their_bytes_however_they_are_cut()
    {
        using var weights = arange(1000, device: ComputeDevice.Cpu.TorchDevice).to(ScalarType.Float32);

        var expected = XxHash128.HashToUInt128(MemoryMarshal.AsBytes(Enumerable.Range(0, 1000).Select(i => (float)i).ToArray().AsSpan()));
        Assert.All([1L, 7, 999, 1000, 5000], piece => Assert.Equal(expected, WeightHash.Of(weights, piece)));
    }
}
