namespace Temper.Mixture.Builtin;

/// <summary>
/// Tasks that need no files: made by code from the runtime's CLDR names, the same rows on every host whose CLDR data agree
/// (the content hash tells). Their sizes differ several hundredfold, so that mixing matters. A new one is one recipe here.
/// </summary>
public static class BuiltinTasks
{
    private static readonly IReadOnlyList<string> ExactMatch = ["exact_match"];
    private static readonly SplitSizes DateSizes = new(Train: 20_000, Validation: 500, Test: 500);
    private static readonly Dictionary<string, BuiltinRecipe> Recipes = All(Cldr.OfRuntime).ToDictionary(recipe => recipe.Name, StringComparer.Ordinal);

    /// <summary>Names of the tasks.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All(Cldr.OfRuntime).Select(recipe => recipe.Name)];

    /// <summary>Makes a task.</summary>
    /// <exception cref="ArgumentException">There is no task of this name.</exception>
    /// <exception cref="InvalidOperationException">The runtime has no CLDR data, see <see cref="Unavailable"/>.</exception>
    public static BuiltinTask Create(string name)
    {
        var recipe = RecipeOf(name);
        return Unavailable(name) is { } reason ? throw new InvalidOperationException(reason) : recipe.Make();
    }

    /// <summary>One line on what a task asks for.</summary>
    public static string Describe(string name) => RecipeOf(name).Description;

    /// <summary>The labels of a task in class-id order, without making its rows; null for free text.</summary>
    public static IReadOnlyList<string>? LabelsOf(string name) => RecipeOf(name).Labels;

    /// <summary>Why a task cannot be made on this host and what to do about it; null if it can.</summary>
    public static string? Unavailable(string name) => RecipeOf(name).NeedsNames ? Cldr.OfRuntime.Unavailable() : null;

    private static BuiltinRecipe RecipeOf(string name) => Recipes.TryGetValue(name, out var recipe)
        ? recipe
        : throw new ArgumentException(Suggestion.Unknown(name, "a built-in task", Names), nameof(name));

    private static IEnumerable<BuiltinRecipe> All(Cldr cldr)
    {
        foreach (var to in Language.Foreign)
        {
            yield return new($"dates_en_{to.Code}", $"Translate long dates from English to {to.Name}.", DateSizes, () => new Dates(cldr).Translations(to), ExactMatch);
        }

        yield return new("arithmetic", "Add and subtract numbers from 0 to 63.", new(5000, 500, 500), Arithmetic.Rows, ExactMatch, NeedsNames: false);
        yield return new("similarity", "Say how much two lists of names have in common, from 0.0 to 5.0 as in STS-B.", new(4000, 400, 400), new Similarity(cldr).Rows, ["pearson", "spearman"], Similarity.Labels);
        yield return new("acceptability", "Tell well-formed English dates from spoilt ones, as in CoLA.", new(3000, 300, 300), new Acceptability(cldr).Rows, ["accuracy", "matthews"], Acceptability.Labels);
        yield return new("countries", "Translate names of countries from English to German, French and Romanian.", new(597, 75, 75), Builtin.Names.CountryNames, ExactMatch);
        yield return new("months", "Translate names of months between English and German, French and Romanian.", new(58, 7, 7), new Names(cldr).Months, ExactMatch);
        yield return new("days", "Translate names of weekdays between English and German, French and Romanian.", new(34, 4, 4), new Names(cldr).Days, ExactMatch);
    }
}
