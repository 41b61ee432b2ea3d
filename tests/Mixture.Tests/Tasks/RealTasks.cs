using Temper.Mixture.Sources;
using Temper.Mixture.Tasks;

namespace Temper.Mixture.Tests.Tasks;

/// <summary>The nine public tasks of <c>examples/glue.yaml</c>, as specs.</summary>
internal static class RealTasks
{
    public static IReadOnlyDictionary<string, TaskSpec> All { get; } = new Dictionary<string, TaskSpec>
    {
        ["sst2"] = new(
            Train: Files("glue/SST-2/train.tsv"),
            Validation: Files("glue/SST-2/dev.tsv"),
            Inputs: "sst2 sentence: {sentence}",
            Targets: "{label}",
            Map: Map("label", ("0", "negative"), ("1", "positive")),
            Labels: ["negative", "positive"],
            Metrics: ["accuracy"]),
        ["cola"] = new(
            Header: false,
            Columns: ["source", "label", "star", "sentence"],
            Train: Files("glue/CoLA/in_domain_train.tsv"),
            Validation: Files("glue/CoLA/in_domain_dev.tsv", "glue/CoLA/out_of_domain_dev.tsv"),
            Inputs: "cola sentence: {sentence}",
            Targets: "{label}",
            Map: Map("label", ("0", "unacceptable"), ("1", "acceptable")),
            Labels: ["unacceptable", "acceptable"],
            Metrics: ["matthews"]),
        ["mrpc"] = new(
            Train: Files("glue/MRPC/msr_paraphrase_train.txt") with { HoldOutBy = ["#1 ID", "#2 ID"] },
            Validation: Files("glue/MRPC/glue_dev.tsv"),
            Test: Files("glue/MRPC/msr_paraphrase_test.txt"),
            Inputs: "mrpc sentence1: {#1 String} sentence2: {#2 String}",
            Targets: "{Quality}",
            Map: Map("Quality", ("0", "not_equivalent"), ("1", "equivalent")),
            Labels: ["not_equivalent", "equivalent"],
            Metrics: ["f1", "accuracy"]),
        ["rte"] = new(
            Train: Files("glue/RTE/train.tsv"),
            Validation: Files("glue/RTE/dev.tsv"),
            Inputs: "rte sentence1: {sentence1} sentence2: {sentence2}",
            Targets: "{label}",
            Labels: ["entailment", "not_entailment"],
            Metrics: ["accuracy"]),
        ["stsb"] = new(
            Header: false,
            Columns: ["genre", "file", "year", "id", "score", "sentence1", "sentence2"],
            Train: Files("glue/STS-B/sts-train.csv"),
            Validation: Files("glue/STS-B/sts-dev.csv"),
            Test: Files("glue/STS-B/sts-test.csv"),
            Inputs: "stsb sentence1: {sentence1} sentence2: {sentence2}",
            Targets: "{score|fifths}",
            LabelRange: [0, 5, 0.2],
            Metrics: ["pearson", "spearman"]),
        ["qnli"] = new(
            Train: Files("glue/QNLI/dev.tsv") with { Share = [0, 0.8], ShareBy = ["question"] },
            Validation: Files("glue/QNLI/dev.tsv") with { Share = [0.8, 1], ShareBy = ["question"] },
            Inputs: "qnli question: {question} sentence: {sentence}",
            Targets: "{label}",
            Labels: ["entailment", "not_entailment"],
            Metrics: ["accuracy"]),
        ["wnli"] = new(
            Train: Files("glue/WNLI/train.tsv"),
            Validation: Files("glue/WNLI/dev.tsv"),
            Inputs: "wnli sentence1: {sentence1} sentence2: {sentence2}",
            Targets: "{label}",
            Map: Map("label", ("0", "not_entailment"), ("1", "entailment")),
            Labels: ["not_entailment", "entailment"],
            Metrics: ["accuracy"]),
        ["trec"] = new(
            Format: SourceFormat.Text,
            Encoding: "latin-1",
            Pattern: @"^(?<kind>[A-Z]+):\S+ (?<question>.*)$",
            Train: Files("classification/TREC.train"),
            Validation: Files("classification/TREC.test"),
            Inputs: "trec question: {question}",
            Targets: "{kind}",
            Map: Map("kind", ("ABBR", "abbreviation"), ("DESC", "description"), ("ENTY", "entity"), ("HUM", "human"), ("LOC", "location"), ("NUM", "number")),
            Labels: ["abbreviation", "description", "entity", "human", "location", "number"],
            Metrics: ["accuracy", "macro_f1"]),
        ["multi30k_en_de"] = new(
            Train: Pair("train"),
            Validation: Pair("val"),
            Test: Pair("test_2016_flickr"),
            Inputs: "translate English to German: {en}",
            Targets: "{de}",
            Metrics: ["bleu"]),
    };

    private static SplitSpec Files(params string[] files) => new(files);

    private static SplitSpec Pair(string part) => new(Parallel: new Dictionary<string, string>
    {
        ["en"] = $"translation/multi30k/{part}.en.gz",
        ["de"] = $"translation/multi30k/{part}.de.gz",
    });

    private static Dictionary<string, IReadOnlyDictionary<string, string>> Map(string column, params (string Raw, string Text)[] texts) =>
        new() { [column] = texts.ToDictionary(text => text.Raw, text => text.Text) };
}
