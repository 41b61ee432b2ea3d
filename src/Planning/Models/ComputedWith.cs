using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Contracts.Specs;

namespace Temper.Planning.Models;

/// <summary>
/// How a run computed with the model that it leaves: <c>computed_with.json</c> beside the weights, a file that Hugging Face's programs do not
/// read. Whoever evaluates the model the same way finds the run's own numbers. A folder from elsewhere has none.
/// </summary>
/// <param name="Precision">Number format of matrix products: fp32 or bf16.</param>
/// <param name="Threads">Threads of each trainer.</param>
public sealed record ComputedWith(Precision Precision, int Threads)
{
    /// <summary>Name of the file.</summary>
    public const string Name = "computed_with.json";

    /// <summary>What the file in <paramref name="folder"/> says; null where there is none.</summary>
    /// <exception cref="InvalidDataException">The file is damaged, or says what no run computes with.</exception>
    public static ComputedWith? Find(string folder)
    {
        var path = Path.Combine(folder, Name);
        if (!File.Exists(path))
        {
            return null;
        }

        ComputedWith? read = null;
        var problem = "";
        try
        {
            read = ProtocolJson.Read<ComputedWith>(File.ReadAllText(path));
        }
        catch (JsonException e)
        {
            problem = $": {e.Message}";
        }

        return read is { Precision: Precision.Fp32 or Precision.Bf16, Threads: >= 1 and <= 256 }
            ? read
            : throw new InvalidDataException($"{path} does not say which precision and how many threads the run computed with{problem}. Write it as {{\"precision\": \"bf16\", \"threads\": 1}}, or delete it: then fp32 and all cores are taken.");
    }

    /// <summary>Writes the file into <paramref name="folder"/>.</summary>
    public void Write(string folder) => File.WriteAllText(Path.Combine(folder, Name), ProtocolJson.Write(this));

    /// <summary>What several models have in common; null where one says nothing or another thing.</summary>
    public static ComputedWith? Common(IEnumerable<ComputedWith?> models) => models.Distinct().ToList() is [var only] ? only : null;
}
