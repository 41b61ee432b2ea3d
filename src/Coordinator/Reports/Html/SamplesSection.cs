using System.Xml.Linq;
using Temper.Contracts.Agents;
using static Temper.Coordinator.Reports.Html.Markup;

namespace Temper.Coordinator.Reports.Html;

/// <summary>What the model answers. Everything here is untrusted text.</summary>
internal static class SamplesSection
{
    private const int MaxLength = 2000;

    public static XElement? Build(RunReport report)
    {
        var tasks = report.Tasks.Where(task => task.Value.Samples.Count > 0).ToList();
        return tasks.Count == 0 ? null : Tag(
            "section",
            Tag("h2", "Sample predictions"),
            tasks.Select(task => Tag(
                "section",
                Tag("h3", task.Key, Tag("span", Class("split"), $"{task.Value.Split} split")),
                task.Value.Samples.Select(Sample))));
    }

    private static XElement Sample(SamplePrediction sample)
    {
        // Equal texts are right under every metric; unequal ones may still count (F1, BLEU), so they are not called wrong.
        var isSame = sample.Prediction.Trim() == sample.Target.Trim();
        return Tag(
            "dl",
            Class("sample"),
            Tag("dt", "Input"),
            Tag("dd", Text(sample.Inputs)),
            Tag("dt", "Expected"),
            Tag("dd", Text(sample.Target)),
            Tag("dt", "Predicted"),
            Tag("dd", Class("answer"), Text(sample.Prediction), Tag("span", Class(isSame ? "verdict good" : "verdict bad"), isSame ? "✓ as expected" : "≠ differs")));
    }

    private static XElement Text(string? text) => string.IsNullOrEmpty(text)
        ? Tag("span", Class("text dim"), "(empty)")
        : Tag("span", Class("text"), Attr("dir", "auto"), Cut(text));

    private static string Cut(string text) => text.Length <= MaxLength
        ? text
        : $"{text[..MaxLength]}… ({Figures.Count(text.Length - MaxLength)} more characters)";
}
