using System.Text.RegularExpressions;
using Temper.TestKit;

namespace Temper.Deploy.Tests.Observability;

public sealed class RuleTests
{
    [Fact]
    public async Task Prometheus_accepts_the_rules()
    {
        var (exit, output) = await ChildProcess.Run(Repository.Tool("promtool"), ["check", "rules", "temper.rules.yaml"], RuleFile.Folder);

        Assert.True(exit == 0, output);
    }

    [Fact]
    public async Task Alerts_fire_when_they_should_and_only_then()
    {
        var (exit, output) = await ChildProcess.Run(Repository.Tool("promtool"), ["test", "rules", "temper.rules.test.yaml"], RuleFile.Folder);

        Assert.True(exit == 0, output);
    }

    [Fact]
    public async Task Prometheus_accepts_its_configuration()
    {
        // Rules lie elsewhere in the container.
        var (exit, output) = await ChildProcess.Run(Repository.Tool("promtool"), ["check", "config", "--syntax-only", "prometheus.yml"], Path.Combine(Repository.Root, "deploy/prometheus"));

        Assert.True(exit == 0, output);
    }

    [Fact]
    public void Every_alert_is_shown_to_fire_and_to_be_silent() => Assert.All(RuleFile.Alerts.Keys, alert => Assert.Equal(
        [false, true],
        RuleFile.AlertTests.Where(test => test.Alert == alert).Select(test => test.Fires).Distinct().Order()));

    [Fact]
    public void Every_alert_says_how_bad_it_is_what_it_means_and_where_to_read_on()
    {
        var headings = Regex.Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs/runbook.md")), "^## (.*)$", RegexOptions.Multiline).Select(match => match.Groups[1].Value).ToList();

        Assert.Equal(RuleFile.Alerts.Keys.Order(StringComparer.Ordinal), headings.Order(StringComparer.Ordinal));
        Assert.All(RuleFile.Alerts.Keys, name =>
        {
            var (labels, annotations) = (RuleFile.Alert(name)["labels"], RuleFile.Alert(name)["annotations"]);
            Assert.Contains(RuleFile.Text(labels, "severity"), (string[])["critical", "warning"]);
            Assert.EndsWith(".", RuleFile.Text(annotations, "summary")!);
            Assert.EndsWith(".", RuleFile.Text(annotations, "description")!);
            Assert.Equal($"docs/runbook.md#{name.ToLowerInvariant()}", RuleFile.Text(annotations, "runbook_url"));
        });
    }

    [Fact]
    public void Every_section_of_the_runbook_says_what_it_means_how_to_look_and_what_to_do()
    {
        var sections = File.ReadAllText(Path.Combine(Repository.Root, "docs/runbook.md")).Split("\n## ").Skip(1);

        Assert.All(sections, section => Assert.All((string[])["**Means.**", "**Look.**", "**Do.**"], part => Assert.Contains(part, section)));
    }
}
