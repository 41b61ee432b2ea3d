using Temper.Worker.Native;
using TorchSharp;

namespace Temper.Worker.Tests.Native;

public class TorchLibraryTests
{
    [Fact]
    public void Torch_loads_and_computes_a_gradient()
    {
        TorchLibrary.Load();
        TorchLibrary.Load();

        using var scope = torch.NewDisposeScope();
        var x = torch.ones(3, 2, requires_grad: true);
        (x * x).sum().backward();

        Assert.Equal([2f, 2, 2, 2, 2, 2], x.grad!.data<float>().ToArray());
    }
}
