using CsCheck;

namespace Temper.Coordinator.Tests.Support;

internal static class AnyOf
{
    /// <summary>One of the values, each as likely.</summary>
    public static Gen<T> Values<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
