using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using Temper.Contracts.Agents;
using Temper.Contracts.Models;
using Temper.Contracts.Runs;
using Temper.Contracts.Specs;
using Temper.Coordinator.Reports;
using Temper.Coordinator.Reports.Html;
using Temper.Mixture.Tasks;
using Temper.Planning.Reading;

namespace Temper.Coordinator.Tests.Reports;

public partial class ReportPageTests
{
    [Fact]
    public void The_first_lines_say_how_it_ended_and_the_table_how_good_each_task_is()
    {
        var page = Parse(SampleRun.Make(200));

        Assert.Equal("✓ Succeeded", page.Descendants("span").First(e => Has(e, "phase")).Value);
        Assert.StartsWith("Made all 200 steps on 2 workers with 1 thread each in 3 min 12 s. It recovered from 1 failure", page.Descendants("p").First(e => Has(e, "lead")).Value, StringComparison.Ordinal);
        var table = page.Descendants("table").First();
        Assert.Equal(["acceptability", "arithmetic", "dates_en_de", "similarity"], table.Element("tbody")!.Elements("tr").Select(row => row.Element("th")!.Value));
        Assert.Contains("92.6exact match88.9bleu", table.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void A_task_without_metrics_shows_its_loss_and_how_it_fell()
    {
        var input = SampleRun.Make(200, [("wikitext", 1, 29, [])], every: 50);
        input = input with { Evaluations = [.. input.Evaluations.Select(row => row with { Loss = 1 + (100.0 / row.Step), Samples = [] })] };

        var page = Parse(input);

        Assert.Contains("1.5000loss", page.Descendants("table").First().Value, StringComparison.Ordinal);
        Assert.DoesNotContain("not evaluated", page.Value, StringComparison.Ordinal);
        Assert.Contains(page.Descendants("desc"), e => e.Value == "Loss 1.5000 at step 200.");
    }

    [Fact]
    public void A_failure_shows_its_reason()
    {
        var input = SampleRun.Make(20);
        var status = input.Status with { Phase = RunPhase.Failed, Reason = "The loss of step 21 is not finite: task <cola>.", Step = 20, Steps = 40 };

        var page = Parse(input with { Status = status });

        Assert.Equal("The loss of step 21 is not finite: task <cola>.", page.Descendants("p").First(e => Has(e, "reason")).Value);
        Assert.StartsWith("Made 20 of 40 steps", page.Descendants("p").First(e => Has(e, "lead")).Value, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("\"><img src=x onerror=alert(1)>")]
    [InlineData("</style></title></pre><iframe>")]
    [InlineData("[bold]&amp;]]>{{x}}")]
    public void No_text_of_data_or_names_becomes_markup(string evil)
    {
        var input = SampleRun.Make(30, [(evil, 0.5, 4, [evil]), ("fine", 0.5, 4, ["accuracy"])], every: 10);
        input = input with
        {
            Status = input.Status with { Name = evil, Reason = evil, OutputDirectory = evil, Recoveries = [new Recovery(SampleRun.Start, 1, evil, evil, 0)] },
            Evaluations = [.. input.Evaluations.Select(row => row with { Samples = [new SamplePrediction(evil, evil, evil)] })],
        };

        var (page, text) = (Parse(input), Text(input));

        Assert.DoesNotContain(evil, text, StringComparison.Ordinal);
        Assert.DoesNotContain(page.Descendants(), e => e.Name.LocalName is "script" or "img" or "iframe" or "link" or "object" or "form");
        Assert.DoesNotContain(page.Descendants().Attributes(), a => a.Name.LocalName.StartsWith("on", StringComparison.Ordinal) || a.Name.LocalName is "href" or "src");
        Assert.Equal(evil, page.Descendants("h1").Single().Value);
        Assert.Contains(page.Descendants("span"), e => Has(e, "text") && e.Value == evil);
    }

    [Fact]
    public void What_would_turn_or_hide_text_is_shown_as_a_sign()
    {
        var input = SampleRun.Make(5);
        input = input with { Evaluations = [.. input.Evaluations.Select(row => row with { Samples = [new SamplePrediction("a\u202Eb\u0000c\uD800d\uFFFF", "\u001b[31mred", "مرحبا")] })] };

        var page = Parse(input);

        Assert.Contains(page.Descendants("span"), e => e.Value == "a⟨U+202E⟩b⟨U+0000⟩c\uFFFDd⟨U+FFFF⟩");
        Assert.Contains(page.Descendants("span"), e => e.Value == "⟨U+001B⟩[31mred");
        Assert.Contains(page.Descendants("span"), e => e.Value == "مرحبا" && (string?)e.Attribute("dir") == "auto");
    }

    [Fact]
    public void Nothing_is_loaded_or_run()
    {
        var page = Parse(SampleRun.Make(20));

        var policy = page.Descendants("meta").Single(e => (string?)e.Attribute("http-equiv") == "Content-Security-Policy");
        Assert.StartsWith("default-src 'none'; style-src 'unsafe-inline'; img-src data:", (string?)policy.Attribute("content"), StringComparison.Ordinal);
        Assert.DoesNotMatch(@"[<>&]|url\(|@import|https?:", page.Descendants("style").Single().Value);
    }

    [Fact]
    public void Tables_and_plots_can_be_read_aloud()
    {
        var page = Parse(SampleRun.Make(100, SampleRun.Glue, every: 20));

        Assert.All(page.Descendants("table"), table => Assert.NotNull(table.Element("caption")));
        Assert.All(page.Descendants("th"), cell => Assert.NotNull(cell.Attribute("scope")));
        var plots = page.Descendants("svg").Where(svg => (string?)svg.Attribute("role") == "img").ToList();
        Assert.Equal(4 + 9 + 9, plots.Count);
        Assert.All(plots, svg => Assert.Equal(["title", "desc"], svg.Elements().Take(2).Select(e => e.Name.LocalName)));
        var ids = page.Descendants().Attributes("id").Select(a => a.Value).ToList();
        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.All(plots, svg => Assert.All(svg.Attribute("aria-labelledby")!.Value.Split(' '), id => Assert.Contains(id, ids)));
    }

    [Fact]
    public void Every_coordinate_is_a_number_within_its_plot()
    {
        var input = SampleRun.Make(300);
        input = input with { Steps = [.. input.Steps.Select(row => row.Step % 50 == 0 ? row with { Loss = double.NaN, Seconds = 0, GradientNorm = double.PositiveInfinity } : row)] };

        foreach (var path in Parse(input).Descendants("svg").Where(svg => (string?)svg.Attribute("role") == "img").SelectMany(svg => svg.Descendants("path")))
        {
            var numbers = Number().Matches((string)path.Attribute("d")!).Select(m => double.Parse(m.Value, CultureInfo.InvariantCulture)).ToList();
            Assert.NotEmpty(numbers);
            Assert.All(numbers, number => Assert.InRange(number, 0, 520));
            Assert.DoesNotContain("NaN", (string)path.Attribute("d")!, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_run_without_steps_has_a_page()
    {
        var input = SampleRun.Make(10);

        var page = Parse(input with { Steps = [], Evaluations = [], Status = input.Status with { Phase = RunPhase.Cancelled, Step = 0 } });

        Assert.Contains("No step was made", page.Value, StringComparison.Ordinal);
        Assert.Contains("not evaluated", page.Value, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", page.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_of_one_step_has_a_page()
    {
        var page = Parse(SampleRun.Make(1));

        Assert.NotEmpty(page.Descendants("circle"));
    }

    [Fact]
    public void The_spec_on_the_page_can_be_submitted_again()
    {
        var input = SampleRun.Make(10);
        var spec = input.Spec with { Model = new ModelSpec(Family: ModelFamily.V1_1), Evaluation = new EvaluationSpec(Every: 5) };

        var shown = Parse(input with { Spec = spec }).Descendants("pre").Single().Value;

        var again = SpecReader.Read(shown);
        Assert.Empty(again.Errors);
        Assert.Equal(spec.Model, again.Value!.Model);
        Assert.Equal(spec.Evaluation, again.Value.Evaluation);
        Assert.Equal(spec.Training, again.Value.Training);
        Assert.Equal(new TaskSpec(Builtin: "arithmetic"), again.Value.Tasks["arithmetic"]);
    }

    private static bool Has(XElement element, string name) => ((string?)element.Attribute("class") ?? "").Split(' ').Contains(name);

    private static string Text(RunReportInput input)
    {
        var ordered = input.InOrder();
        var text = new StringWriter();
        ReportPage.Write(ordered, RunReport.From(ordered), text);
        return text.ToString();
    }

    // As XML: well-formedness is checked on the way.
    private static XElement Parse(RunReportInput input)
    {
        using var reader = XmlReader.Create(new StringReader(Text(input)), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XElement.Load(reader, LoadOptions.PreserveWhitespace);
    }

    [GeneratedRegex(@"-?\d+(\.\d+)?")]
    private static partial Regex Number();
}
