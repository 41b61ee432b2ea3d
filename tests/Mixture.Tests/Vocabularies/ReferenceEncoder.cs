using System.Diagnostics;
using System.Text;
using Temper.Mixture.Vocabularies.SentencePiece;
using Temper.TestKit;

namespace Temper.Mixture.Tests.Vocabularies;

/// <summary>Runs the reference implementation, <c>spm_encode</c> and <c>spm_decode</c>, and compares ours with it line by line.</summary>
internal static class ReferenceEncoder
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Encodes every line both ways, decodes the ids both ways, and names the first lines that differ.</summary>
    public static async Task AssertSame(string modelPath, IReadOnlyList<string> lines)
    {
        Assert.NotEmpty(lines);
        var model = new SentencePieceModel(ModelProto.Parse(await File.ReadAllBytesAsync(modelPath, Cancellation)));

        var referenceIds = await Run("spm_encode", modelPath, "--output_format=id", lines);
        var ids = lines.Select(line => string.Join(' ', model.Encode(line))).ToList();
        AssertEqual(lines, referenceIds, ids);

        var referenceTexts = await Run("spm_decode", modelPath, "--input_format=id", referenceIds);
        var texts = referenceIds.Select(line => model.Decode(Parse(line))).ToList();
        AssertEqual(referenceIds, referenceTexts, texts);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static int[] Parse(string ids) => [.. ids.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];

    private static void AssertEqual(IReadOnlyList<string> inputs, IReadOnlyList<string> expected, List<string> actual)
    {
        Assert.Equal(inputs.Count, expected.Count);
        var differing = Enumerable.Range(0, inputs.Count).Where(i => expected[i] != actual[i]).ToList();
        Assert.True(differing.Count == 0, $"{differing.Count} of {inputs.Count} lines differ, first:\n"
            + string.Join('\n', differing.Take(5).Select(i => $"{inputs[i]}\n  reference {expected[i]}\n  ours      {actual[i]}")));
    }

    private static async Task<IReadOnlyList<string>> Run(string tool, string modelPath, string format, IReadOnlyList<string> lines)
    {
        var input = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(input, string.Concat(lines.Select(line => line + "\n")), Utf8, Cancellation);
            using var process = Process.Start(new ProcessStartInfo(Repository.Tool(tool), [$"--model={modelPath}", format, input])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                StandardOutputEncoding = Utf8,
            })!;

            // Read both streams at once: a full pipe of one would stop the process while the other is waited for.
            var output = process.StandardOutput.ReadToEndAsync(Cancellation);
            var errors = process.StandardError.ReadToEndAsync(Cancellation);
            await process.WaitForExitAsync(Cancellation);
            Assert.True(process.ExitCode == 0, await errors);
            return (await output).Split('\n')[..^1];
        }
        finally
        {
            File.Delete(input);
        }
    }
}
