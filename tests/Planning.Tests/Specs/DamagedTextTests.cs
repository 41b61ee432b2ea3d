using CsCheck;
using Temper.Planning.Reading;

namespace Temper.Planning.Tests.Specs;

public class DamagedTextTests
{
    private const string Yaml = """
        # a comment
        name: &name demo-run
        tasks:
          "sums": { builtin: arithmetic, max_examples: 50 }
          mood: !!map
            train: {files: [train.tsv, 'dev.tsv']}
            inputs: "mood: {text}\t\u00e9\U0001F600"
            targets: >-
              {label}
            labels:
              - 'no'
              - "yes"
            pattern: |+
              ^(?<text>.*)$
        ? training
        : steps: 1e3
          optimizer: {learning_rate: .5, kind: adamw}
        seed: -17
        """;

    private const string Json = """{"name":"d\u00e9mo","tasks":{"sums":{"builtin":"arithmetic","rate":1.5e0}},"training":{"steps":10,"batch":-4},"model":null,"seed":17}""";

    private static readonly string[] Pieces =
    [
        "", " ", "\n", "\t", "\r", "\0", "\u0085", "\u2028", "\uFEFF", "\uD800", "\uDC00", "é", ":", ": ", "- ", "? ", "#", " #", "&a ", "*a", "*name", "!", "!! ", "!<", "%", "%YAML 1.1\n", "---", "---\n", "...\n", "|", ">", "|9", ">-", "'", "\"", "\\", "\\x", "\\x00", "\\u", "\\uD800", "\\ud83d\\ude00", "\\U0000",
        "\\UFFFFFFFF", "\\U00110000", "\\q", "{", "}", "[", "]", ",", "<<: *name\n", "~", "null", "NaN", ".inf", "1e999", "-", "0x", "99999999999999999999999999999999", "@", "`", "=", "{a: b}: c\n", "name", "\"name\":1,",
    ];

    private static readonly Gen<string> Damaged =
        from isYaml in Gen.Bool
        from edits in Gen.Select(Gen.Int[0, 1000], Gen.Int[0, 3], Gen.Int[0, Pieces.Length - 1]).Array[1, 6]
        select edits.Aggregate(isYaml ? Yaml : Json, (text, edit) => Edit(text, edit.Item1 % (text.Length + 1), edit.Item2, Pieces[edit.Item3]));

    [Fact]
    public void A_damaged_text_has_mistakes_or_none_but_never_stops_the_reader() => Damaged.Sample(text =>
    {
        var read = SpecReader.Read(text);
        Assert.Equal(read.Value is null, read.Errors.Count > 0);
    }, iter: 5_000);

    private static string Edit(string text, int at, int removed, string piece) => text.Remove(at, Math.Min(removed, text.Length - at)).Insert(at, piece);
}
