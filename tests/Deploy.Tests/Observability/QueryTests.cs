namespace Temper.Deploy.Tests.Observability;

/// <summary>Dashboards, rules and programs speak of the same metrics.</summary>
public sealed class QueryTests
{
    private static readonly IReadOnlyList<MetricQuery> s_queries =
        [.. Dashboard.All.SelectMany(dashboard => dashboard.Queries), .. RuleFile.Recorded.Values, .. RuleFile.Alerts.Values];

    [Fact]
    public void A_query_names_its_metrics_and_their_labels()
    {
        var query = new MetricQuery(
            "here",
            """sum by (le, route) (rate(a_bucket{code=~"5..", method!="GET"}[5m])) / on (job) group_left (x) (b:c > 0.5e3) or topk(5, d{run=~"$run"}) and up offset 5m""",
            "{{ route }}");

        Assert.Equal(["a_bucket", "b:c", "d", "up"], query.Metrics.Select(metric => metric.Name));
        Assert.Equal([["code", "method"], [], ["run"], []], query.Metrics.Select(metric => metric.Labels));
        Assert.Equal(["le", "route", "job", "x", "route"], query.OtherLabels);
        Assert.Contains("run=~\".*\"", query.Filled("10s"));
        Assert.Equal(("m{a=\"b\"}", "c"), new MetricQuery("here", "label_values(m{a=\"b\"}, c)").LabelValues);
    }

    [Fact]
    public void Every_metric_that_is_asked_for_is_declared_with_the_labels_that_are_used()
    {
        var mistakes = new List<string>();
        foreach (var query in s_queries)
        {
            var known = query.Metrics.Select(metric => (metric.Name, metric.Labels, Declared: DeclaredMetrics.LabelsOf(metric.Name))).ToList();
            mistakes.AddRange(known.Where(metric => metric.Declared is null).Select(metric => $"{query.Where}: nothing is called {metric.Name}"));
            mistakes.AddRange(known.Where(metric => metric.Declared is not null).SelectMany(metric => metric.Labels.Except(metric.Declared!).Select(label => $"{query.Where}: {metric.Name} has no label {label}")));
            var all = known.SelectMany(metric => metric.Declared ?? []).ToHashSet();
            mistakes.AddRange(query.OtherLabels.Where(label => !all.Contains(label)).Select(label => $"{query.Where}: none of its metrics has a label {label}"));
        }

        Assert.Empty(mistakes);
    }

    [Fact]
    public void Every_metric_that_is_declared_is_shown_or_watched()
    {
        var used = s_queries.SelectMany(query => query.Metrics).Select(metric => metric.Name).ToHashSet();

        // Say here why a metric that no query asks for is kept all the same: so far each is asked for.
        Assert.Empty(DeclaredMetrics.Own.Where(metric => !DeclaredMetrics.NamesOf(metric).Any(used.Contains)).Select(metric => metric.Name));
    }

    [Fact]
    public void Every_recorded_name_is_used()
    {
        var used = s_queries.SelectMany(query => query.Metrics).Select(metric => metric.Name).ToHashSet();

        Assert.Empty(RuleFile.Recorded.Keys.Except(used));
    }
}
