using System.Text.Json.Nodes;

namespace Temper.Deploy.Tests.Observability;

public sealed class DashboardTests
{
    private const int Columns = 24;

    [Fact]
    public void There_is_one_for_each_question_and_each_has_an_address_of_its_own() => Assert.Equal(
        ["temper-cluster", "temper-experiments", "temper-mixture", "temper-run"],
        Dashboard.All.Select(dashboard => (string)dashboard.Json["uid"]!));

    [Fact]
    public void Panels_have_ids_of_their_own_say_what_they_show_and_do_not_overlap() => Assert.All(Dashboard.All, dashboard =>
    {
        Assert.Equal(dashboard.Panels.Count(), dashboard.Panels.Select(panel => (int)panel["id"]!).Distinct().Count());
        var taken = new HashSet<(int X, int Y)>();
        foreach (var panel in dashboard.Panels)
        {
            var (x, y, w, h) = (At(panel, "x"), At(panel, "y"), At(panel, "w"), At(panel, "h"));
            Assert.True(x + w <= Columns && Enumerable.Range(x, w).All(column => Enumerable.Range(y, h).All(row => taken.Add((column, row)))), $"{dashboard.Name}: {panel["title"]} lies where another panel is");
            if ((string)panel["type"]! != "row")
            {
                Assert.EndsWith(".", (string)panel["description"]!);
                Assert.NotEqual("", (string)panel["fieldConfig"]!["defaults"]!["unit"]!);
            }
        }
    });

    [Fact]
    public void Data_comes_from_the_variable_alone() => Assert.All(Dashboard.All, dashboard =>
    {
        var first = dashboard.Variables.First();
        Assert.Equal(("datasource", "datasource", "prometheus"), ((string)first["type"]!, (string)first["name"]!, (string)first["query"]!));
        Assert.All(dashboard.Panels.Where(panel => (string)panel["type"]! != "row").Concat(dashboard.Variables.Skip(1)), panel => Assert.Equal("${datasource}", (string?)panel["datasource"]?["uid"]));
        Assert.All(dashboard.Panels, panel => Assert.Null(panel["libraryPanel"]));
    });

    [Fact]
    public void Only_variables_that_there_are_are_used() => Assert.All(Dashboard.All, dashboard =>
    {
        string[] known = [.. dashboard.Variables.Select(variable => $"${variable["name"]}"), "$__rate_interval"];
        Assert.All(dashboard.Queries, query => Assert.Empty(System.Text.RegularExpressions.Regex.Matches(query.Text, @"\$\w+").Select(match => match.Value).Except(known)));
    });

    [Fact]
    public void Each_links_to_all_others() => Assert.All(Dashboard.All, dashboard => Assert.Equal(
        Dashboard.All.Select(other => $"/d/{other.Json["uid"]}").Where(url => url != $"/d/{dashboard.Json["uid"]}").Order(StringComparer.Ordinal),
        dashboard.Json["links"]!.AsArray().Select(link => (string)link!["url"]!).Order(StringComparer.Ordinal)));

    private static int At(JsonNode panel, string side) => (int)panel["gridPos"]![side]!;
}
