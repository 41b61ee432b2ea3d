using Temper.Bench;

return args switch
{
    ["train-step", .. var options] => TrainStep.Run(options),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine(
        "usage: bench train-step [--size small] [--batch 4] [--inputs 512] [--targets 114] [--precision fp32|bf16] [--threads 2] "
        + "[--optimizer adamw|adafactor] [--dropout 0.1] [--steps 7] [--warmup 3]");
    return 2;
}
