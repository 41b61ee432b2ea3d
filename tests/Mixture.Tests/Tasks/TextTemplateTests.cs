using Temper.Mixture.Examples;
using Temper.Mixture.Tasks;

namespace Temper.Mixture.Tests.Tasks;

public class TextTemplateTests
{
    [Theory]
    [InlineData("mrpc sentence1: {#1 String} end", "mrpc sentence1:  A b  end")]
    [InlineData("{#1 String|trim|lower}", "a b")]
    [InlineData("{{{#1 String|trim}}}", "{A b}")]
    [InlineData("{{}} no column", "{} no column")]
    [InlineData("", "")]
    public void Columns_take_the_place_of_braces(string template, string expected)
    {
        var parsed = TextTemplate.Parse(template, out var problems);

        Assert.Empty(problems);
        Assert.Equal(expected, parsed.Fill(_ => " A b "));
    }

    [Theory]
    [InlineData("a { b", "The '{' at position 3 has no partner.")]
    [InlineData("a } b", "The '}' at position 3 has no partner.")]
    [InlineData("a {} b", "A pair of braces names no column.")]
    [InlineData("{a|trimm}", "'trimm' is not a filter; did you mean 'trim'? Known: fifths, lower, trim.")]
    public void What_is_wrong_with_a_template_is_said(string template, string problem)
    {
        TextTemplate.Parse(template, out var problems);

        Assert.StartsWith(problem, Assert.Single(problems));
    }

    [Theory]
    [InlineData("2.5", "2.4")]
    [InlineData("0.5", "0.4")]
    [InlineData("1.5", "1.6")]
    [InlineData("4.5", "4.4")]
    [InlineData("1.66", "1.6")]
    [InlineData("0", "0.0")]
    [InlineData("5.000", "5.0")]
    [InlineData("-1", "-1.0")]
    public void Scores_are_rounded_to_fifths_half_to_even(string score, string expected) =>
        Assert.Equal(expected, SimilarityScore.Fifths(score));

    [Fact]
    public void A_score_that_is_no_number_is_refused() =>
        Assert.Contains("'four' is not a number", Assert.Throws<FormatException>(() => SimilarityScore.Fifths("four")).Message);
}
