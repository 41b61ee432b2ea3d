using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;

namespace Temper.Worker.Tests.Native;

/// <summary>One product of matrices, or of a batch of them, as torch ran it.</summary>
/// <param name="Left">Shape of the left factor; its last dimension is summed over.</param>
/// <param name="Right">Shape of the right factor.</param>
internal sealed record MatrixProduct(long[] Left, long[] Right)
{
    /// <summary>Multiplications and additions.</summary>
    public long Flops => 2 * Left.Aggregate(1L, (product, size) => product * size) * Right[^1];

    public override string ToString() => $"[{string.Join(", ", Left)}] · [{string.Join(", ", Right)}]";
}

/// <summary>
/// What torch really runs: libtorch's own observer writes down every operator with the shapes of its arguments, whatever library
/// computes it. It sees the whole process, so tests that use it run alone: see <see cref="Alone"/>.
/// </summary>
internal static class OperatorTrace
{
    /// <summary>The collection of tests that no other test runs beside.</summary>
    public const string Alone = "operator trace";

    private const string Torch = "torch_cpu";

    // Operators that multiply matrices, and at which argument the factors begin. Others are made of these, or must not go uncounted.
    private static readonly Dictionary<string, int> s_counted = new(StringComparer.Ordinal)
    {
        ["aten::mm"] = 0,
        ["aten::bmm"] = 0,
        ["aten::addmm"] = 1,
        ["aten::baddbmm"] = 1,
    };

    private static readonly string[] s_uncounted = ["aten::mv", "aten::addmv", "aten::dot", "aten::vdot", "aten::addbmm", "mkldnn", "attention", "convolution"];

    /// <summary>The products that <paramref name="act"/> computes, in their order.</summary>
    public static IReadOnlyList<MatrixProduct> Products(Action act)
    {
        var folder = Directory.CreateTempSubdirectory("temper-trace-");
        try
        {
            var path = Path.Combine(folder.FullName, "operators.json");
            Record(path, act);
            var operators = JsonNode.Parse(File.ReadAllText(path))!["nodes"]!.AsArray();
            Assert.DoesNotContain(operators, one => s_uncounted.Any(part => ((string)one!["name"]!).Contains(part)));
            return [.. operators.Where(one => s_counted.ContainsKey((string)one!["name"]!)).Select(one => Product(one!))];
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static MatrixProduct Product(JsonNode one)
    {
        var (shapes, first) = (one["inputs"]!["shapes"]!.AsArray(), s_counted[(string)one["name"]!]);
        long[] Shape(int argument) => [.. shapes[argument]!.AsArray().Select(size => (long)size!)];
        return new MatrixProduct(Shape(first), Shape(first + 1));
    }

    private static void Record(string path, Action act)
    {
        var (characters, length) = (Marshal.StringToCoTaskMemUTF8(path), (nuint)Encoding.UTF8.GetByteCount(path));
        try
        {
            // A std::string of libstdc++ that is only read.
            Assert.True(Add(new CppString(characters, length, length, 0)), "libtorch's observer of operators did not start");
        }
        finally
        {
            Marshal.FreeCoTaskMem(characters);
        }

        try
        {
            Enable();
            act();
        }
        finally
        {
            Disable();
            Remove();
        }
    }

    [DllImport(Torch, EntryPoint = "_ZN5torch8profiler4impl25addExecutionTraceObserverERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE")]
    [return: MarshalAs(UnmanagedType.U1)]
    private static extern bool Add(in CppString path);

    [DllImport(Torch, EntryPoint = "_ZN5torch8profiler4impl28enableExecutionTraceObserverEv")]
    private static extern void Enable();

    [DllImport(Torch, EntryPoint = "_ZN5torch8profiler4impl29disableExecutionTraceObserverEv")]
    private static extern void Disable();

    [DllImport(Torch, EntryPoint = "_ZN5torch8profiler4impl28removeExecutionTraceObserverEv")]
    private static extern void Remove();

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct CppString(nint Data, nuint Length, nuint Capacity, nuint Unused);
}

/// <summary>Tests that watch the whole process.</summary>
[CollectionDefinition(OperatorTrace.Alone, DisableParallelization = true)]
public sealed class RunsAlone;
