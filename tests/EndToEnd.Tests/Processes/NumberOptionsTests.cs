using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using Temper.Cli.Commands;

namespace Temper.EndToEnd.Tests.Processes;

/// <summary>Options that take a number, of all commands that there are.</summary>
[Collection("processes")]
public sealed partial class NumberOptionsTests
{
    private static readonly Type[] s_numbers = [typeof(int), typeof(long), typeof(uint), typeof(ulong), typeof(float), typeof(double), typeof(decimal)];

    public static TheoryData<string, string> All()
    {
        var all = new TheoryData<string, string>();
        foreach (var (verb, command) in Commands("", TemperCommand.Create()))
        {
            foreach (var option in command.Options.Where(option => s_numbers.Contains(Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType)))
            {
                all.Add(verb, option.Name);
            }
        }

        return all;
    }

    [Fact]
    public void There_are_some() => Assert.True(All().Count >= 15, $"{All().Count} options take a number");

    [Theory]
    [MemberData(nameof(All))]
    public void A_number_has_its_range_which_the_message_and_the_help_say(string verb, string option)
    {
        // Below any range: what is said tells the range.
        var said = Assert.Single(Errors(verb, option, "-2000000000"));
        Assert.Matches($@"^{option} is -2000000000\. Give a (whole )?number from [0-9.]+ to [0-9.]+\.$", said);
        var (least, most) = (Number(Range().Match(said).Groups[1].Value), Number(Range().Match(said).Groups[2].Value));

        foreach (var wrong in new[] { Text(least - 1), Text(most + 1), "NaN", "Infinity", "1e99", "99999999999999999999", "many", "" })
        {
            Assert.StartsWith($"{option} is {(wrong is "many" or "" ? $"'{wrong}'" : wrong)}. Give a ", Assert.Single(Errors(verb, option, wrong)));
        }

        Assert.Empty(Errors(verb, option, Text(least)));
        Assert.Empty(Errors(verb, option, Text(most)));
        Assert.Contains($"from {Text(least)} to {Text(most)}.", Command(verb).Options.Single(one => one.Name == option).Description, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("decode", "--threads", "0", "--threads is 0. Give a whole number from 1 to 1024.")]
    [InlineData("decode", "--batch", "0", "--batch is 0. Give a whole number from 1 to 100000.")]
    [InlineData("decode", "--max-new-tokens", "-1", "--max-new-tokens is -1. Give a whole number from 1 to 65536.")]
    [InlineData("score", "--input-length", "0", "--input-length is 0. Give a whole number from 2 to 65536.")]
    public async Task What_is_outside_its_range_is_a_usage_error(string verb, string option, string value, string message)
    {
        using var folder = new RunFolder();
        var rows = folder["rows.jsonl"];
        await File.WriteAllTextAsync(rows, "", TestContext.Current.CancellationToken);

        var (exit, output) = await TemperProcess.Run(verb, "--model", folder["."], "--input", rows, "--output", folder["out.jsonl"], option, value);

        Assert.Equal(2, exit);
        Assert.Contains(message, output);
    }

    [Fact]
    public void An_option_that_is_given_twice_is_said_to_be()
    {
        var errors = TemperCommand.Create().Parse(["decode", "--threads", "1", "--threads", "2"]).Errors.Select(error => error.Message).ToList();

        Assert.Contains(errors, error => error.Contains("--threads", StringComparison.Ordinal));
    }

    /// <summary>What is wrong with an option, whatever else is missing.</summary>
    private static List<string> Errors(string verb, string option, string value) =>
        [.. TemperCommand.Create().Parse([.. verb.Split(' '), option, value]).Errors.Select(error => error.Message).Where(message => message.Contains(option, StringComparison.Ordinal))];

    private static Command Command(string verb) => Commands("", TemperCommand.Create()).Single(command => command.Verb == verb).Command;

    private static IEnumerable<(string Verb, Command Command)> Commands(string above, Command command) =>
        command.Subcommands.SelectMany(child => Commands($"{above} {child.Name}".Trim(), child).Prepend(($"{above} {child.Name}".Trim(), child))).DistinctBy(found => found.Item1);

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"from ([0-9.]+) to ([0-9.]+)\.$")]
    private static partial Regex Range();
}
