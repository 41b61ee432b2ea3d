using System.Text;
using Temper.Mixture.Vocabularies;
using Temper.TestKit;

namespace Temper.Mixture.Tests.Vocabularies;

/// <summary>Ids and decoded text equal those of <c>spm_encode</c> and <c>spm_decode</c>, line by line.</summary>
public class SpmEncodeParityTests
{
    private const string T5 = "t5_vocab/spiece.model";

    private static readonly string[] UnigramModels =
    [
        T5,
        "sentencepiece_fixtures/google_test_model.model",
        "sentencepiece_fixtures/google_test_ja_model.model",
        "sentencepiece_fixtures/hf_spiece.model",
        "sentencepiece_fixtures/hf_test_sentencepiece.model",
        "sentencepiece_fixtures/hf_test_sentencepiece_no_bos.model",
        "sentencepiece_fixtures/seqio_test_sentencepiece.model",
    ];

    public static TheoryData<string> Models => [.. UnigramModels];

    [Theory]
    [InlineData("/usr/share/common-licenses", "*", 20_000)]
    [InlineData("/usr/share/doc", "*", 40_000)]
    [InlineData("/usr/share/perl", "*.p?", 40_000)]
    [InlineData("/usr/include", "*.h", 40_000)]
    public Task Prose_and_code_of_this_machine(string folder, string pattern, int lines)
    {
        Assert.SkipUnless(Directory.Exists(folder), $"needs {folder}, which is not on this machine");
        return ReferenceEncoder.AssertSame(Shared(T5), LinesBelow(folder, pattern, lines));
    }

    [Fact]
    public Task Our_own_source_code() =>
        ReferenceEncoder.AssertSame(Shared(T5), [.. LinesBelow(Path.Combine(Repository.Root, "src"), "*.cs", 20_000), .. LinesBelow(Path.Combine(Repository.Root, "tests"), "*.cs", 20_000)]);

    [Fact]
    public Task Text_of_many_languages() => ReferenceEncoder.AssertSame(Shared(T5), LinesBelow(Shared("data/translation"), "*", 40_000));

    [Fact]
    public Task Whole_documents_in_one_line()
    {
        const string Licences = "/usr/share/common-licenses";
        Assert.SkipUnless(Directory.Exists(Licences), $"needs {Licences}, which is not on this machine");

        // Sums of scores lose digits as they grow: over a long text, that decides between segmentations too.
        return ReferenceEncoder.AssertSame(Shared(T5), [.. Directory.EnumerateFiles(Licences).Select(file => string.Join(' ', TextLines(file)))]);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public Task Equal_scores_fall_the_same_way(string model) => ReferenceEncoder.AssertSame(Shared(model), TieLines());

    [Theory]
    [MemberData(nameof(Models))]
    public Task Random_unicode(string model) => ReferenceEncoder.AssertSame(Shared(model), RandomLines(seed: 20, count: 4_000));

    [Theory]
    [InlineData(T5)]
    [InlineData("sentencepiece_fixtures/google_test_model.model")]
    public Task Every_character_between_letters(string model) => ReferenceEncoder.AssertSame(Shared(model), CharacterLines());

    [Fact]
    public async Task Text_with_sentinels_once_the_model_file_holds_them()
    {
        var model = Path.GetTempFileName();
        try
        {
            await File.WriteAllBytesAsync(model, SentencePieceFiles.WithSentinels(await File.ReadAllBytesAsync(Shared(T5), Cancellation), 100), Cancellation);
            await ReferenceEncoder.AssertSame(model, SentinelLines());

            var added = SentencePieceVocabulary.Load(Shared(T5));
            var inFile = SentencePieceVocabulary.Load(model, extraIds: 0);
            Assert.Equal(100, inFile.SentinelCount);
            Assert.All(SentinelLines(), line => Assert.Equal(inFile.Encode(line), added.Encode(line)));
        }
        finally
        {
            File.Delete(model);
        }
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static string Shared(string file) => Repository.Shared(file.StartsWith("data/", StringComparison.Ordinal) ? file : $"data/{file}");

    private static List<string> LinesBelow(string folder, string pattern, int count) =>
    [
        .. Directory.EnumerateFiles(folder, pattern, new EnumerationOptions { RecurseSubdirectories = true })
            .Where(file => !file.EndsWith(".gz", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .SelectMany(TextLines)
            .Take(count),
    ];

    /// <summary>The lines of a file, except those that NUL or bytes outside UTF-8 keep from being the same text on both sides.</summary>
    private static IEnumerable<string> TextLines(string file) =>
        File.ReadAllText(file, Encoding.UTF8).Split('\n').Where(line => !line.Contains('\0') && !line.Contains('\uFFFD'));

    /// <summary>Runs of one character or two in every length: where several segmentations score the same.</summary>
    private static List<string> TieLines()
    {
        string[] units = ["-", "=", "#", "*", ".", "_", "F", "0", "a", "A", "x", "!", "?", "$", "/", "ab", "-=", "()", "00", "FF", "Ä", "。", "ha", "1", "12", "xX", "\u2581", "▁a"];
        string[] words = ["-----", "PACK###", "0xFFFFFFFF", "0x00000000", "AAAA", "#!/", "//////", "XXXXXXXX", "ababababab", "1111111111"];
        return [.. units.SelectMany(unit => Enumerable.Range(1, 70).Select(count => string.Concat(Enumerable.Repeat(unit, count)))), .. words, string.Join(' ', words)];
    }

    private static List<string> RandomLines(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => string.Concat(Enumerable.Range(0, random.Next(60)).Select(_ => RandomRune(random))))];
    }

    private static string RandomRune(Random random)
    {
        (int Start, int End)[] ranges =
        [
            (0x01, 0x0A), (0x0B, 0xA0), (0x20, 0x7F), (0x61, 0x7B), (0x20, 0x21), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x600), (0xAC00, 0xD7A4), (0x3040, 0x3100),
            (0x4E00, 0x9FFF), (0x2000, 0x2070), (0x2570, 0x2590), (0xE000, 0xE010), (0xFB00, 0xFFFE), (0x1F300, 0x1FAFF), (0x10000, 0x110000),
        ];
        var (start, end) = ranges[random.Next(ranges.Length)];
        return new Rune(random.Next(start, end)).ToString();
    }

    /// <summary>All of the first plane but NUL, line feed and surrogates, each alone, inside a word, and before an accent.</summary>
    private static List<string> CharacterLines() =>
    [
        .. Enumerable.Range(1, 0xFFFF)
            .Where(value => Rune.IsValid(value) && value != '\n')
            .Chunk(16)
            .SelectMany(values => new[] { " {0} ", "ab{0}cd", "{0}\u0301 " }, (values, form) => string.Concat(values.Select(value => form.Replace("{0}", ((char)value).ToString(), StringComparison.Ordinal)))),
    ];

    private static List<string> SentinelLines() =>
    [
        "<extra_id_0>", "<extra_id_0> <extra_id_1> v <extra_id_9>", "a<extra_id_0>b", "a <extra_id_0>b", "<extra_id_99><extra_id_98>",
        "\u2581<extra_id_5>", "a\u2581<extra_id_5>", "  <extra_id_10>  ", "<extra_id_100>", "<extra_id_", "extra_id_1 <extra id 1>", "x \t<extra_id_7>.",
        .. Enumerable.Range(0, 100).Select(i => $"word <extra_id_{i}> word<extra_id_{99 - i}> <extra_id_{i}>word"),
    ];
}
