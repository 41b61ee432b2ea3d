using System.Globalization;
using Temper.Mixture.Builtin;
using Temper.Mixture.Examples;
using Temper.Mixture.Tasks;

namespace Temper.Mixture.Tests.Builtin;

public class BuiltinTasksTests
{
    public static TheoryData<string> All => [.. BuiltinTasks.Names];

    [Theory]
    [MemberData(nameof(All))]
    public void No_input_is_in_two_splits_or_twice_in_one(string name)
    {
        var task = BuiltinTasks.Create(name);
        string[] inputs = [.. new[] { task.Train, task.Validation, task.Test }.SelectMany(split => split).Select(example => example.Inputs)];

        Assert.Equal(inputs.Length, inputs.Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_task_is_the_same_in_every_culture(string name)
    {
        var before = (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture);
        try
        {
            var invariant = HashIn(CultureInfo.InvariantCulture, name);

            Assert.Equal(invariant, HashIn(CultureInfo.GetCultureInfo("ar-SA"), name));
            Assert.Equal(invariant, HashIn(CultureInfo.GetCultureInfo("tr-TR"), name));
        }
        finally
        {
            (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = before;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_task_passes_its_check_and_loads_with_its_own_metrics(string name)
    {
        var spec = new TaskSpec(Builtin: name);

        Assert.Empty(TaskLoader.Check($"tasks.{name}", spec, []));
        var task = TaskLoader.Load(name, spec, [], TestContext.Current.CancellationToken);
        Assert.All(task.Metrics, metric => Assert.Null(metric.Objection(task.Labels)));
        Assert.NotEmpty(task.Metrics);
        Assert.NotEmpty(BuiltinTasks.Describe(name));
        Assert.All(task.Train, example => Assert.True(task.Labels?.Contains(example.Targets) ?? example.Targets.Length > 0));
    }

    [Theory]
    [InlineData("dates_en_de", 20000, 500, 500)]
    [InlineData("dates_en_fr", 20000, 500, 500)]
    [InlineData("dates_en_ro", 20000, 500, 500)]
    [InlineData("arithmetic", 5000, 500, 500)]
    [InlineData("similarity", 4000, 400, 400)]
    [InlineData("acceptability", 3000, 300, 300)]
    [InlineData("countries", 597, 75, 75)]
    [InlineData("months", 58, 7, 7)]
    [InlineData("days", 34, 4, 4)]
    public void Sizes_differ_widely_and_no_split_is_empty(string name, int train, int validation, int test)
    {
        var task = BuiltinTasks.Create(name);

        Assert.Equal((train, validation, test), (task.Train.Count, task.Validation.Count, task.Test.Count));
    }

    [Fact]
    public void Dates_are_written_with_the_names_and_the_order_of_each_language()
    {
        var dates = new Dates(Cldr.OfRuntime);
        var date = new DateOnly(1987, 3, 5);

        Assert.Equal("Thursday, March 5, 1987", dates.Writer(Language.English)(date));
        Assert.Equal("Donnerstag, 5. März 1987", dates.Writer(Language.German)(date));
        Assert.Equal("jeudi 5 mars 1987", dates.Writer(Language.French)(date));
        Assert.Equal("joi, 5 martie 1987", dates.Writer(Language.Romanian)(date));
        Assert.StartsWith("translate English to German: ", BuiltinTasks.Create("dates_en_de").Train[0].Inputs);
    }

    [Fact]
    public void A_date_that_is_held_out_in_one_language_is_held_out_in_all()
    {
        var german = BuiltinTasks.Create("dates_en_de").Validation.Select(example => example.Inputs["translate English to German: ".Length..]);
        var french = BuiltinTasks.Create("dates_en_fr").Validation.Select(example => example.Inputs["translate English to French: ".Length..]);

        Assert.Equal(german, french);
    }

    [Fact]
    public void Countries_have_their_names_in_each_language()
    {
        string[] lines = [.. AllRows("countries").Select(example => $"{example.Inputs} -> {example.Targets}")];

        Assert.Contains("translate country English to German: Germany -> Deutschland", lines);
        Assert.Contains("translate country English to French: Germany -> Allemagne", lines);
        Assert.Contains("translate country English to Romanian: Germany -> Germania", lines);
        Assert.Equal(747, lines.Length);
    }

    [Fact]
    public void Acceptable_and_spoilt_dates_are_about_as_frequent()
    {
        var task = BuiltinTasks.Create("acceptability");

        Assert.Equal(Acceptability.Labels, task.Labels);
        Assert.InRange(task.Train.Count(example => example.Targets == "acceptable"), 1350, 1650);
    }

    [Fact]
    public void Similarity_uses_many_of_STS_Bs_steps()
    {
        var rows = AllRows("similarity");

        Assert.Equal(26, Similarity.Labels.Count);
        Assert.True(rows.Select(example => example.Targets).Distinct().Count() >= 12);
        Assert.Contains(rows, example => example.Targets == "5.0");
        Assert.Contains(rows, example => example.Targets == "0.0");
    }

    [Fact]
    public void Arithmetic_is_right()
    {
        Assert.All(AllRows("arithmetic"), example =>
        {
            var parts = example.Inputs.Split(' ');
            var (a, b) = (int.Parse(parts[1], CultureInfo.InvariantCulture), int.Parse(parts[3], CultureInfo.InvariantCulture));
            Assert.Equal($"{(parts[2] == "+" ? a + b : a - b)}", example.Targets);
        });
    }

    [Fact]
    public void Without_CLDR_data_the_tasks_refuse_and_say_what_to_do()
    {
        var invariant = new Cldr(_ => CultureInfo.InvariantCulture);
        var missing = new Cldr(name => throw new CultureNotFoundException(nameof(name), name, "no such culture"));

        Assert.Contains("libicu", invariant.Unavailable());
        Assert.Contains("libicu", missing.Unavailable());
        Assert.Null(Cldr.OfRuntime.Unavailable());
    }

    [Fact]
    public void An_unknown_name_is_answered_with_the_known_ones()
    {
        var refused = Assert.Throws<ArgumentException>(() => BuiltinTasks.Create("date_en_de"));

        Assert.Contains("did you mean 'dates_en_de'?", refused.Message);
    }

    private static List<TextExample> AllRows(string name)
    {
        var task = BuiltinTasks.Create(name);
        return [.. task.Train, .. task.Validation, .. task.Test];
    }

    private static string HashIn(CultureInfo culture, string name)
    {
        (CultureInfo.CurrentCulture, CultureInfo.CurrentUICulture) = (culture, culture);
        var task = BuiltinTasks.Create(name);
        return ContentHasher.Of(name, task.Train, task.Validation, task.Test);
    }
}
