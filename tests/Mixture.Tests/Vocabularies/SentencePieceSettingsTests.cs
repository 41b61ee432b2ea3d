using System.Diagnostics;
using Temper.TestKit;

namespace Temper.Mixture.Tests.Vocabularies;

/// <summary>Models trained or written here with settings that T5's own model does not use, against the reference implementation.</summary>
public class SentencePieceSettingsTests
{
    private static readonly string[] Lines =
    [
        "", " ", "a", "  two  spaces  ", "tab\there", " leading", "trailing ", "Ünïcödé ½ ﬁ ﷺ ①", "日本語 テキスト", "🤔 🤔🤔", "\u0001control\u0001 \u0001",
        "HELLO Hello hello", "<ctrl> [SEP] a[SEP]b [SEP2] [SE", "the [SEP] of\u2581the \u2581\u2581", "\u2581", "\u2581\u2581 ", "don't -- stop!", "ab abc abcd abcde", "e\u0301 \u0301",
    ];

    [Theory]
    [InlineData("")]
    [InlineData("--byte_fallback=true")]
    [InlineData("--byte_fallback=true --user_defined_symbols=[SEP],[SEP2],日本")]
    [InlineData("--user_defined_symbols=[SEP],[SEP2],the,\u2581of --control_symbols=<ctrl>")]
    [InlineData("--add_dummy_prefix=false")]
    [InlineData("--remove_extra_whitespaces=false")]
    [InlineData("--remove_extra_whitespaces=false --add_dummy_prefix=false")]
    [InlineData("--treat_whitespace_as_suffix=true")]
    [InlineData("--treat_whitespace_as_suffix=true --user_defined_symbols=[SEP]")]
    [InlineData("--normalization_rule_name=identity")]
    [InlineData("--normalization_rule_name=nfkc_cf")]
    [InlineData("--normalization_rule_name=nmt_nfkc_cf --split_by_whitespace=false")]
    [InlineData("--unk_surface=[?]")]
    public async Task A_model_trained_with_setting(string settings)
    {
        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var corpus = SourceLines();
            var model = await Train(folder.FullName, corpus, settings);

            await ReferenceEncoder.AssertSame(model, [.. Lines, .. corpus]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(4, false)]
    [InlineData(5, false)]
    [InlineData(5, true)]
    public async Task A_written_model_with_unused_and_user_defined_pieces(int normalizerField, bool value)
    {
        byte[] model =
        [
            .. SentencePieceFiles.SpecialPieces(),
            .. SentencePieceFiles.Piece("\u2581", -2), .. SentencePieceFiles.Piece(" ", -2), .. SentencePieceFiles.Piece("a", -3), .. SentencePieceFiles.Piece("b", -3),
            .. SentencePieceFiles.Piece("ab", -1, type: 5), .. SentencePieceFiles.Piece("abc", -9), .. SentencePieceFiles.Piece("cd", 0, type: 4),
            .. SentencePieceFiles.Piece("c", -1, type: 5), .. SentencePieceFiles.Piece("abcd", 2.5f), .. SentencePieceFiles.Piece("de", -1),
            .. SentencePieceFiles.NormalizerSetting(normalizerField, value),
        ];
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(path, model, TestContext.Current.CancellationToken);
            await ReferenceEncoder.AssertSame(path, Lines);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static string[] SourceLines() =>
    [
        .. Directory.EnumerateFiles(Path.Combine(Repository.Root, "src", "Mixture"), "*.cs", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .SelectMany(File.ReadLines),
    ];

    private static async Task<string> Train(string folder, string[] corpus, string settings)
    {
        var cancellation = TestContext.Current.CancellationToken;
        var input = Path.Combine(folder, "corpus.txt");
        await File.WriteAllLinesAsync(input, corpus, cancellation);
        var model = Path.Combine(folder, "trained");
        string[] arguments = [$"--input={input}", $"--model_prefix={model}", "--vocab_size=600", "--hard_vocab_limit=false", "--minloglevel=2", "--num_threads=1"];

        using var process = Process.Start(new ProcessStartInfo(Repository.Tool("spm_train"), arguments.Concat(settings.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
        {
            RedirectStandardError = true,
        })!;
        var errors = await process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        Assert.True(process.ExitCode == 0, errors);
        return model + ".model";
    }
}
