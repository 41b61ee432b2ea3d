using Temper.Worker.Native;
using static TorchSharp.torch;

namespace Temper.Worker.Tests.Native;

/// <summary>Numbers handed to libtorch while another thread collects garbage without pause: alone, because that disturbs all others.</summary>
[Collection(OperatorTrace.Alone)]
public class ScalarsTests
{
    [Fact]
    public void A_collection_during_a_call_takes_no_number_away_from_it()
    {
        TorchLibrary.Load();
        using var ended = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!ended.IsCancellationRequested)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        try
        {
            using var values = zeros(4);
            using var ones = ones_like(values);
            for (var i = 1; i <= 100000; i++)
            {
                using var scope = NewDisposeScope();
                values.fill_(Scalars.Of(i)).add_(ones, Scalars.Of(-i)).add_(Scalars.Of(i), Scalars.One).mul_(Scalars.Of(0.5));
                Assert.Equal(i * 0.5f, values[i % 4].item<float>());
            }
        }
        finally
        {
            ended.Cancel();
            collector.Join();
        }
    }
}
