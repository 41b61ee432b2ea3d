using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Temper.Contracts.Specs;
using Temper.Mixture.Mixing;

namespace Temper.Contracts.Experiments;

/// <summary>
/// A question that takes several runs to answer. Exactly one of the kinds is given. In what a user writes, stages and parents say only what they
/// change of <c>base</c>; here they are whole.
/// </summary>
public sealed record ExperimentSpec(
    [property: Description("Name of the experiment: letters, digits, '-' and '_', at most 40; its runs are named after it.")]
    [property: RegularExpression("^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$")] string Name,
    [property: Description("The run that all runs are made from: the spec of a run without its name.")] RunSpec Base,
    [property: Description("The question in your words; the report shows it.")] string? Question = null,
    [property: Description("Which mixture is best? Strategies against each other, and against each task trained by itself (Raffel et al. 2020, table 11).")] MixtureStudySpec? MixtureStudy = null,
    [property: Description("What do several models give together (section 3.6)? Members trained from different seeds, fine-tuned from one parent, or there already.")] EnsembleStudySpec? Ensemble = null,
    [property: Description("What to do with more compute (section 3.6, table 13)? More steps, larger batches, larger models and ensembles at equal training cost.")] ScalingStudySpec? Scaling = null,
    [property: Description("Which recipe of stages is best (table 12)? Such as pre-training and then fine-tuning.")] ComparisonSpec? Comparison = null)
{
    /// <summary>What kind of question it is.</summary>
    [JsonIgnore]
    public ExperimentKind Kind => (MixtureStudy, Ensemble, Scaling) switch
    {
        ({ }, _, _) => ExperimentKind.MixtureStudy,
        (_, { }, _) => ExperimentKind.Ensemble,
        (_, _, { }) => ExperimentKind.Scaling,
        _ => ExperimentKind.Comparison,
    };
}

/// <summary>Kinds of experiments.</summary>
public enum ExperimentKind
{
    /// <summary>Mixing strategies against each other (Raffel et al. 2020, table 11).</summary>
    MixtureStudy,

    /// <summary>Several models as one (section 3.6).</summary>
    Ensemble,

    /// <summary>Ways to spend more compute (table 13).</summary>
    Scaling,

    /// <summary>Recipes of stages, such as pre-training and fine-tuning, against each other (table 12).</summary>
    Comparison,
}

/// <summary>Mixing strategies against each other, and against each task trained by itself.</summary>
public sealed record MixtureStudySpec(
    [property: Description("The strategies to compare.")] IReadOnlyList<StudiedMixture>? Mixtures = null,
    [property: Description("More strategies: every temperature with every cap.")] MixtureGrid? Grid = null,
    [property: Description("Seeds that each strategy is repeated with; the base's if not given. Only repetitions tell differences from chance.")] IReadOnlyList<long>? Seeds = null,
    [property: Description("Whether each task is trained by itself too, for as many steps.")] bool Alone = true);

/// <summary>One strategy of a study.</summary>
public sealed record StudiedMixture(
    [property: Description("proportional, temperature, equal or explicit, as in mixture of a run.")] MixingStrategy Strategy,
    [property: Description("Temperature T of the strategy temperature.")][property: Range(0.01, 1e6)] double Temperature = 1.0,
    [property: Description("Cap K on the size of a task.")][property: Range(1L, long.MaxValue)] long? Cap = null,
    [property: Description("Rates by task, for the strategy explicit.")] IReadOnlyDictionary<string, double>? Rates = null);

/// <summary>All pairs of temperatures and caps.</summary>
public sealed record MixtureGrid(
    [property: Description("Temperatures T; 1 is proportional.")] IReadOnlyList<double>? Temperatures = null,
    [property: Description("Caps K.")] IReadOnlyList<long>? Caps = null);

/// <summary>Several models as one: trained from different seeds, fine-tuned from one parent, or there already.</summary>
public sealed record EnsembleStudySpec(
    [property: Description("Number of members to train; 4 if neither seeds nor models are given.")][property: Range(1, 64)] int? Members = null,
    [property: Description("Seeds of the members; those after the base's if not given.")] IReadOnlyList<long>? Seeds = null,
    [property: Description("What the shared parent changes of base: it is trained once, and every member starts from it. Without it members start from random weights.")] RunSpec? Parent = null,
    [property: Description("Existing models instead of training any: folders, or run:ID.")] IReadOnlyList<string>? Models = null,
    [property: Description("Whether the uniform average of the members' weights is evaluated too.")] bool AverageWeights = true);

/// <summary>Ways to spend more compute, at equal training cost.</summary>
public sealed record ScalingStudySpec(
    [property: Description("How many times the compute of base there is.")][property: Range(2, 64)] int Compute = 4,
    [property: Description("What pre-training changes of base, which then is the fine-tuning; scaled along with it.")] RunSpec? Pretrain = null,
    [property: Description("What larger models change of base.model; each is trained for as many steps as the compute allows. A deeper one if not given.")] IReadOnlyList<ModelSpec>? Larger = null,
    [property: Description("Multiples of the steps that a power law is fitted to; 1, 2, 4, 8 if not given.")] IReadOnlyList<int>? Curve = null,
    [property: Description("Seeds that every row is repeated with; the base's if not given. Only repetitions tell differences from chance. No two repetitions share a run: the further members of an ensemble take seeds of their own.")] IReadOnlyList<long>? Seeds = null);

/// <summary>Recipes against each other.</summary>
public sealed record ComparisonSpec(
    [property: Description("The recipes, by name; at least two.")] IReadOnlyDictionary<string, RecipeSpec> Recipes,
    [property: Description("Seeds that each recipe is repeated with; the base's if not given. Only repetitions tell differences from chance.")] IReadOnlyList<long>? Seeds = null);

/// <summary>Stages that follow each other, each starting from the model of the one before.</summary>
public sealed record RecipeSpec(
    [property: Description("What each stage changes of base, in their order; {} is base as it is.")] IReadOnlyList<RunSpec> Stages,
    [property: Description("Whether the last stage is a run for each task by itself instead of one for all.")] bool EachTask = false);
