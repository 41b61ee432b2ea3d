using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Temper.TestKit;

namespace Temper.Deploy.Tests.Observability;

/// <summary>
/// A coordinator, an agent, trainers and a Prometheus that scrapes them, all as real processes: whatever dashboards and rules ask, Prometheus has an
/// answer to.
/// </summary>
[Trait("kind", "integration")]
public sealed class RealRunTests : IDisposable
{
    private const string RateInterval = "10s";

    // A run to which nothing happens has no recovery whose duration could be shown; alerts are silent by nature. That all of them work is shown by
    // temper.rules.test.yaml with series made up for it.
    private static readonly string[] s_silent =
    [
        "histogram_quantile(0.5, sum by (le) (increase(temper_recovery_duration_seconds_bucket[1h])))",
        "histogram_quantile(0.95, sum by (le) (increase(temper_recovery_duration_seconds_bucket[1h])))",
    ];

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);
    private static readonly Dictionary<string, string> s_token = new() { ["TEMPER_AGENT_TOKEN"] = "a-token-for-tests" };
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-metrics-").FullName;
    private readonly (ReservedPort Api, ReservedPort Coordinator, ReservedPort Agent, ReservedPort Prometheus) _ports = (new(), new(), new(), new());
    private readonly HttpClient _http = new();
    private readonly List<ChildProcess> _processes = [];

    public void Dispose()
    {
        _http.Dispose();
        foreach (var port in (ReservedPort[])[_ports.Api, _ports.Coordinator, _ports.Agent, _ports.Prometheus])
        {
            port.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Every_query_of_every_panel_variable_and_rule_has_an_answer()
    {
        var program = Repository.Tool("prometheus");
        try
        {
            await StartAsync(program);
            await SubmitAsync();

            var queries = Dashboard.All.SelectMany(dashboard => dashboard.Queries).Concat(RuleFile.Recorded.Values).Where(query => !s_silent.Contains(query.Text)).ToList();
            await UntilAsync(async () => string.Join('\n', (await AnswersAsync(queries)).Where(answer => !answer.HasData).Select(answer => $"{answer.Query.Where}: {answer.Query.Text}")));

            // Prometheus takes what is silent too, and its rules are all evaluated without an error.
            await AnswersAsync([.. s_silent.Select(text => new MetricQuery("silent", text)), .. RuleFile.Alerts.Values]);
            var rules = (await AskAsync("rules", []))["groups"]!.AsArray().SelectMany(group => group!["rules"]!.AsArray()).ToList();
            Assert.Equal(RuleFile.Recorded.Count + RuleFile.Alerts.Count, rules.Count);
            Assert.All(rules, rule => Assert.Equal(("ok", (string)rule!["name"]!), ((string)rule["health"]!, (string)rule["name"]!)));
            await NothingButMetricsIsShownAsync();
        }
        finally
        {
            foreach (var process in Enumerable.Reverse(_processes))
            {
                await process.DisposeAsync();
            }
        }
    }

    [Fact]
    public void What_is_silent_on_a_healthy_run_is_shown_to_work_by_made_up_series()
    {
        Assert.Empty(s_silent.Except(Dashboard.All.SelectMany(dashboard => dashboard.Queries).Select(query => query.Text)));
        Assert.Empty(s_silent.Except(RuleFile.QueryTests));
        Assert.Empty(RuleFile.Alerts.Keys.Except(RuleFile.AlertTests.Where(test => test.Fires).Select(test => test.Alert)));
    }

    private async Task StartAsync(string prometheus)
    {
        File.WriteAllText(Path.Combine(_folder, "prometheus.yml"), $$"""
            global: {scrape_interval: 1s, evaluation_interval: 1s}
            rule_files: ['{{Path.Combine(RuleFile.Folder, "*.rules.yaml")}}']
            scrape_configs:
              - {job_name: temper-coordinator, static_configs: [{targets: ['127.0.0.1:{{_ports.Coordinator}}']}]}
              - {job_name: temper-agent, static_configs: [{targets: ['127.0.0.1:{{_ports.Agent}}']}]}
            """);
        var temper = Path.Combine(AppContext.BaseDirectory, "temper");
        _processes.Add(ChildProcess.Start(temper, ["serve", "--url", $"http://127.0.0.1:{_ports.Api}", "--metrics-url", $"http://127.0.0.1:{_ports.Coordinator}", "--state", "state", "--output", "runs", "--data", "."], _folder, s_token));
        _processes.Add(ChildProcess.Start(
            prometheus,
            ["--config.file=prometheus.yml", "--storage.tsdb.path=series", $"--web.listen-address=127.0.0.1:{_ports.Prometheus}", "--log.level=warn"],
            _folder));
        await UntilAsync(async () => await HasAsync("temper_runs") ? "" : "Prometheus has scraped the coordinator");
        _processes.Add(ChildProcess.Start(temper, ["agent", "--server", $"http://127.0.0.1:{_ports.Api}", "--id", "one", "--slots", "2", "--metrics-url", $"http://127.0.0.1:{_ports.Agent}"], _folder, s_token));
        await UntilAsync(async () => await HasAsync("temper_agents{state=\"ready\"} == 1") ? "" : "the agent is known");
    }

    // Two runs of two ranks: one trains, the other one waits for its slots.
    private async Task SubmitAsync()
    {
        using var answer = await _http.PostAsync($"http://127.0.0.1:{_ports.Api}/api/v1/experiments", new StringContent("""
            name: watched
            base:
              workers: 2
              model: {d_model: 16, d_ff: 32, d_kv: 8, heads: 2, layers: 1, embedding_std: 0.02}
              tasks:
                months: {builtin: months}
                days: {builtin: days}
              training: {steps: 1000000, batch: 8, input_length: 64, target_length: 16, precision: fp32, checkpoint_every: 50}
              evaluation: {every: 50, max_examples: 4, final_max_examples: 4}
            mixture_study: {mixtures: [{strategy: equal}, {strategy: proportional}], alone: false}
            """, Encoding.UTF8, "application/yaml"));
        Assert.True(answer.StatusCode == HttpStatusCode.Created, await answer.Content.ReadAsStringAsync());
    }

    private async Task NothingButMetricsIsShownAsync()
    {
        foreach (var port in (ReservedPort[])[_ports.Coordinator, _ports.Agent])
        {
            Assert.Equal(HttpStatusCode.OK, await StatusAsync(port, "metrics"));
            foreach (var path in (string[])["", "api/v1/runs", "health/live", "metrics/more", "openapi/v1.json"])
            {
                Assert.Equal((path, HttpStatusCode.NotFound), (path, await StatusAsync(port, path)));
            }
        }
    }

    private async Task<HttpStatusCode> StatusAsync(ReservedPort port, string path)
    {
        using var answer = await _http.GetAsync($"http://127.0.0.1:{port}/{path}");
        return answer.StatusCode;
    }

    private async Task<IReadOnlyList<(MetricQuery Query, bool HasData)>> AnswersAsync(IReadOnlyList<MetricQuery> queries)
    {
        // Somebody asks the coordinator too, now and then: its answers are measured.
        await StatusAsync(_ports.Api, "api/v1/runs");
        var answers = new List<(MetricQuery, bool)>();
        foreach (var query in queries)
        {
            answers.Add((query, query.LabelValues is var (selector, label)
                ? (await AskAsync($"label/{label}/values", [("match[]", new MetricQuery("", selector).Filled(RateInterval))])).AsArray().Count > 0
                : await HasAsync(query.Filled(RateInterval))));
        }

        return answers;
    }

    // NaN is what a quantile of nothing is: a panel shows nothing.
    private async Task<bool> HasAsync(string query) =>
        (await AskAsync("query", [("query", query)]))["result"]!.AsArray().Any(sample => double.IsFinite(double.Parse((string)sample!["value"]![1]!, CultureInfo.InvariantCulture)));

    private async Task<JsonNode> AskAsync(string what, IReadOnlyList<(string Name, string Value)> parameters)
    {
        var text = string.Join('&', parameters.Select(parameter => $"{Uri.EscapeDataString(parameter.Name)}={Uri.EscapeDataString(parameter.Value)}"));
        using var answer = await _http.GetAsync($"http://127.0.0.1:{_ports.Prometheus}/api/v1/{what}?{text}");
        var body = (await answer.Content.ReadFromJsonAsync<JsonNode>())!;
        Assert.True(answer.IsSuccessStatusCode, $"{Uri.UnescapeDataString(text)}: {body["error"]}");
        return body["data"]!;
    }

    /// <summary>Waits until nothing is missing.</summary>
    /// <param name="missing">What is still missing; empty when all is there.</param>
    private async Task UntilAsync(Func<Task<string>> missing)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            string what;
            try
            {
                what = await missing();
            }
            catch (HttpRequestException e)
            {
                what = e.Message;
            }

            if (what.Length == 0)
            {
                return;
            }

            Assert.True(watch.Elapsed < s_limit, $"After {s_limit} this was still missing:\n{what}\n\n{string.Join("\n\n", _processes.Select(process => process.Output))}");
            Assert.All(_processes, process => Assert.False(process.HasEnded, process.Output));
            await Task.Delay(200);
        }
    }
}
