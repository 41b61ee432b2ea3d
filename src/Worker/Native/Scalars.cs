using TorchSharp;

namespace Temper.Worker.Native;

/// <summary>
/// Numbers for libtorch that live as long as a call reads them. TorchSharp frees a <see cref="Scalar"/> in its finalizer, and a collection
/// during the call, started by any other thread, may run that before libtorch has read the number: the call then fails or, worse, takes
/// another one. What this hands out is held until the same thread has asked for many more, by when its call has long returned.
/// </summary>
internal static class Scalars
{
    // A call takes three at most.
    private const int Held = 16;

    [ThreadStatic]
    private static Scalar?[]? t_held;

    [ThreadStatic]
    private static int t_next;

    public static Scalar One { get; } = 1.ToScalar();

    public static Scalar Two { get; } = 2.ToScalar();

    /// <summary>A number for the next call of this thread into libtorch; not to be kept.</summary>
    public static Scalar Of(double value)
    {
        var held = t_held ??= new Scalar?[Held];
        var next = t_next++ % Held;
        // Freed here, so that numbers give the finalizer nothing to do.
        held[next]?.Dispose();
        return held[next] = value.ToScalar();
    }
}
