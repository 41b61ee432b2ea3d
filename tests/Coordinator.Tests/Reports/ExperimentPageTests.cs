using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;
using Temper.Contracts.Experiments;
using Temper.Contracts.Runs;
using Temper.Coordinator.Reports.Experiments;
using Temper.TestKit;

namespace Temper.Coordinator.Tests.Reports;

public sealed partial class ExperimentPageTests : IDisposable
{
    private const string Evil = "</script><script>alert(1)</script> [bold]x[/] <!-- %{x} $y$ & \u001b[2J\u202Egro\u2028";

    private readonly string _folder = Directory.CreateTempSubdirectory("temper-experiment-").FullName;

    public static TheoryData<string> Kinds => ["mixtures", "ensemble", "scaling", "comparison"];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_answer_comes_first_and_every_cell_is_in_the_table(string kind)
    {
        var input = Of(kind);
        var report = ExperimentReport.From(input);

        var page = Parse(ExperimentReportFiles.Html(input));

        Assert.Equal(report.Answer, page.Descendants("header").Single().Descendants("div").Single(e => Has(e, "answer")).Elements("p").Select(p => p.Value));
        var rows = page.Descendants("table").First().Element("tbody")!.Elements("tr").ToList();
        Assert.Equal(report.Table.Rows.Select(row => row.Label), rows.Select(row => row.Element("th")!.Value));
        Assert.Equal(
            report.Table.Rows.Select(row => row.Cells.Count(cell => cell.Bold)),
            rows.Select(row => row.Descendants("b").Count()));
        Assert.Equal(report.Runs.Select(run => $"runs/{run.Key}/report.html"), page.Descendants("a").Select(a => (string?)a.Attribute("href")));
        Assert.All(page.Descendants("table"), table => Assert.NotNull(table.Element("caption")));
        Assert.Contains(page.Descendants("pre"), pre => JsonNode.Parse(pre.Value)!["base"] is not null);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Only_the_scripts_whose_hashes_are_named_may_run_and_nothing_is_loaded(string kind)
    {
        var html = ExperimentReportFiles.Html(Of(kind));

        var policy = (string)Parse(html).Descendants("meta").Single(e => (string?)e.Attribute("http-equiv") == "Content-Security-Policy").Attribute("content")!;
        var scripts = Script().Matches(html).Where(match => match.Groups["attributes"].Value.Length == 0).Select(match => match.Groups["content"].Value).ToList();
        Assert.Equal(2, scripts.Count);
        var hashes = scripts.Select(script => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(script)))}'");
        Assert.Equal(
            $"default-src 'none'; script-src {string.Join(' ', hashes)}; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'",
            policy);
        Assert.DoesNotContain(scripts, script => script.Contains('\r', StringComparison.Ordinal) || script.Contains("<!--", StringComparison.Ordinal));
        Assert.DoesNotMatch(@"\beval\(|new Function\(", scripts[1]);
        Assert.DoesNotContain(Parse(html).Descendants().Attributes(), a => a.Name.LocalName == "src" || a.Name.LocalName.StartsWith("on", StringComparison.Ordinal));
        Assert.DoesNotMatch(@"[<>&]|url\(|@import|https?:", Parse(html).Descendants("style").Single().Value);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_data_of_the_plots_is_that_of_the_table(string kind)
    {
        var input = Of(kind);
        var table = ExperimentReport.From(input).Table;

        var data = Data(ExperimentReportFiles.Html(input));

        Assert.Equal(table.Rows.Select(row => row.Label), data["rows"]!.AsArray().Select(row => (string?)row!["label"]));
        Assert.Equal(
            table.Rows.SelectMany(row => row.Cells).Select(cell => cell.Mean),
            data["rows"]!.AsArray().SelectMany(row => row!["cells"]!.AsArray()).Select(cell => (double?)cell!["mean"]));
        Assert.Equal(input.Runs.Count(run => run.Value.Curve.Count > 0), data["curves"]!.AsArray().Count);
        Assert.Equal(kind == "scaling", data["law"] is not null);
        Assert.Equal(kind == "comparison", data["reference"] is null);
    }

    [Fact]
    public void By_compute_a_stage_begins_where_the_one_before_it_ended()
    {
        var input = SampleExperiments.Scaling();

        var curves = Data(ExperimentReportFiles.Html(input))["curves"]!.AsArray().ToDictionary(curve => (string)curve!["key"]!);

        Assert.Equal(input.Runs["steps-2-pretrain-seed17"].Report.TrainingFlops, (double)curves["steps-2-seed17"]!["before"]!);
        Assert.Equal(3.1e11, (double)curves["steps-2-seed17"]!["per_step"]!, 1);
        Assert.True((bool)curves["steps-2-pretrain-seed17"]!["is_stage"]!);
        Assert.Equal(1, (int)curves["steps-2-pretrain-seed17"]!["row"]!);
    }

    [Fact]
    public void No_name_becomes_markup_or_script()
    {
        var input = SampleExperiments.ByHand((Evil, RowRole.Contender, [(80, 70, 1), (81, 71, 1)]), ("fine", RowRole.Alone, [(70, 70, 1)]));
        var failed = input.Runs["fine-1"];
        input = input with
        {
            Status = input.Status with { Name = Evil, Id = Evil, Reason = Evil, Phase = ExperimentPhase.Failed },
            Spec = input.Spec with { Question = Evil, Comparison = new ComparisonSpec(new Dictionary<string, RecipeSpec> { [Evil] = new RecipeSpec([]) }) },
            Runs = new Dictionary<string, RunOutcome>(input.Runs) { ["fine-1"] = failed with { Status = failed.Status with { Phase = RunPhase.Failed, Reason = Evil } } },
        };

        var html = ExperimentReportFiles.Html(input);

        Assert.DoesNotContain("<script>alert", html, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', html);
        Assert.DoesNotContain('\u202E', html);
        Assert.DoesNotContain('\u2028', html);
        Assert.Equal(3, Script().Count(html));
        var page = Parse(html);
        Assert.Equal("</script><script>alert(1)</script> [bold]x[/] <!-- %{x} $y$ & ⟨U+001B⟩[2J⟨U+202E⟩gro⟨U+2028⟩", page.Descendants("h1").Single().Value);
        Assert.Equal(page.Descendants("h1").Single().Value, (string?)Data(html)["rows"]![0]!["label"]);
        Assert.All(page.Descendants("a"), a => Assert.Matches("^runs/[A-Za-z0-9%._~!*'()-]+/report.html$", (string)a.Attribute("href")!));
        var json = ExperimentReportFiles.Json(input);
        Assert.DoesNotContain('\u001b', json);
        Assert.Equal(Evil, (string?)JsonNode.Parse(json)!["question"]);
    }

    [Fact]
    public void Without_scripts_the_plots_are_hidden_and_the_page_says_so()
    {
        var page = Parse(ExperimentReportFiles.Html(SampleExperiments.Mixtures()));

        Assert.NotNull(page.Descendants("section").Single(section => (string?)section.Attribute("id") == "plots").Attribute("hidden"));
        Assert.Contains("scripts are off", page.Descendants("noscript").Single().Value, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_legend_of_the_gains_shows_rows_by_one_neutral_fill_and_says_what_filled_and_hollow_mean()
    {
        var html = ExperimentReportFiles.Html(SampleExperiments.Mixtures());
        var data = Data(html);
        var script = Path.Combine(_folder, "page.js");
        await File.WriteAllTextAsync(script, $$"""
            const place = id => ({ id, dataset: {}, clientWidth: 900, textContent: {{JsonSerializer.Serialize(data.ToJsonString())}}, addEventListener() {}, on() {} });
            globalThis.document = { getElementById: id => id === 'compute' ? null : place(id), querySelectorAll: () => [], documentElement: {}, body: {} };
            globalThis.getComputedStyle = () => ({ getPropertyValue: name => name, fontFamily: '' });
            globalThis.matchMedia = () => ({ matches: false, addEventListener() {} });
            globalThis.addEventListener = () => {};
            globalThis.innerWidth = 900;
            globalThis.Plotly = { react: (place, traces) => place.id === 'gains' && console.log(JSON.stringify(traces)) };
            {{Script().Matches(html)[^1].Groups["content"].Value}}
            """, TestContext.Current.CancellationToken);

        var (exit, output) = await ChildProcess.Run(Repository.Tool("node"), [script], _folder);

        Assert.True(exit == 0, output);
        var traces = JsonNode.Parse(output)!.AsArray();
        var legend = traces.Where(trace => (bool?)trace!["showlegend"] != false).ToList();
        var reference = data["reference"]!["rows"]!.AsArray().Select(row => (int)row!).ToList();
        var rows = data["rows"]!.AsArray().Index().Where(row => !reference.Contains(row.Index)).ToList();
        Assert.Equal(["filled: more than noise", "hollow: may be chance", .. rows.Select(row => (string)row.Item!["label"]!)], legend.Select(trace => (string)trace!["name"]!));
        Assert.Equal(["--soft", "--paper", .. rows.Select(_ => "--hair")], legend.Select(trace => (string)trace!["marker"]!["color"]!));
        // A click on a name hides the points of its row.
        var drawn = traces.Except(legend).ToList();
        Assert.Equal(drawn.Select(trace => (string)trace!["legendgroup"]!), legend.Skip(2).Select(trace => (string)trace!["legendgroup"]!));
        Assert.Equal(
            rows.SelectMany(row => row.Item!["gains"]!.AsArray()).Select(gain => (double)gain!["points"]!),
            drawn.SelectMany(trace => trace!["x"]!.AsArray()).Select(x => (double)x!));
    }

    [Fact]
    public void Whatever_the_script_looks_for_is_in_the_page()
    {
        var html = ExperimentReportFiles.Html(SampleExperiments.Scaling());
        var ids = Parse(html).Descendants().Attributes("id").Select(id => id.Value).ToList();
        var script = Script().Matches(html)[^1].Groups["content"].Value;

        Assert.Equal(ids.Count, ids.Distinct().Count());
        Assert.All(Wanted().Matches(script), match => Assert.Contains(match.Groups[1].Value, ids.Append("plot-data")));
        Assert.All(Parse(html).Descendants().Attributes("aria-labelledby"), label => Assert.Contains(label.Value, ids));
    }

    [Fact]
    public void A_report_replaces_an_older_one_and_leaves_nothing_else()
    {
        ExperimentReportFiles.Write(SampleExperiments.Ensemble(), _folder);
        var report = ExperimentReportFiles.Write(SampleExperiments.Comparison(), _folder);

        Assert.Equal(["report.html", "report.json"], Directory.GetFiles(_folder).Select(Path.GetFileName).Order());
        Assert.Equal(ExperimentReportFiles.Html(SampleExperiments.Comparison()), File.ReadAllText(Path.Combine(_folder, "report.html")));
        Assert.Equal(ExperimentReportFiles.Json(SampleExperiments.Comparison()), File.ReadAllText(Path.Combine(_folder, "report.json")));
        Assert.Equal("recipes", report.Name);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Without_results_there_is_a_page_without_plots_of_them(string kind)
    {
        var input = Of(kind);
        input = input with { Runs = input.Runs.ToDictionary(run => run.Key, run => run.Value with { Status = run.Value.Status with { Phase = RunPhase.Paused }, Curve = [] }) };

        var page = Parse(ExperimentReportFiles.Html(input));

        Assert.DoesNotContain("NaN", page.Value, StringComparison.Ordinal);
        Assert.Contains("No row has a result yet.", page.Value, StringComparison.Ordinal);
        Assert.Empty(page.Descendants("figure"));
        Assert.Empty(page.Descendants("a"));
    }

    private static ExperimentReportInput Of(string kind) => kind switch
    {
        "mixtures" => SampleExperiments.Mixtures(),
        "ensemble" => SampleExperiments.Ensemble(),
        "scaling" => SampleExperiments.Scaling(),
        _ => SampleExperiments.Comparison(),
    };

    private static bool Has(XElement element, string name) => ((string?)element.Attribute("class") ?? "").Split(' ').Contains(name);

    private static JsonNode Data(string html) =>
        JsonNode.Parse(Script().Matches(html).Single(match => match.Groups["attributes"].Value.Contains("application/json", StringComparison.Ordinal)).Groups["content"].Value)!;

    // What scripts hold is no markup; everything around them is well-formed XML.
    private static XElement Parse(string html)
    {
        using var reader = XmlReader.Create(new StringReader(Script().Replace(html, "")), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
        return XElement.Load(reader, LoadOptions.PreserveWhitespace);
    }

    [GeneratedRegex("<script(?<attributes>[^>]*)>(?<content>.*?)</script>", RegexOptions.Singleline)]
    private static partial Regex Script();

    [GeneratedRegex(@"(?:getElementById|draw)\('([a-z-]+)'")]
    private static partial Regex Wanted();
}
