using System.CommandLine;
using System.CommandLine.Help;
using System.Globalization;
using System.Text;

namespace Temper.Docs.Tests.References;

/// <summary>The commands as a page for people.</summary>
internal static class CliReference
{
    /// <summary>All commands that people use, in the order of the program's help.</summary>
    public static string Page(Command temper)
    {
        var page = new StringBuilder();
        Add(page, temper, "temper");
        return page.ToString();
    }

    private static void Add(StringBuilder page, Command command, string name)
    {
        foreach (var child in command.Subcommands.Where(child => !child.Hidden))
        {
            var full = $"{name} {child.Name}";
            page.Append(CultureInfo.InvariantCulture, $"\n## {full}\n\n{Words(child.Description!)}\n");
            if (child.Subcommands.Count > 0)
            {
                Add(page, child, full);
                continue;
            }

            var options = child.Options.Where(option => !option.Hidden && option is not HelpOption).ToList();
            var arguments = string.Concat(child.Arguments.Select(argument => argument.Arity.MinimumNumberOfValues > 0 ? $" <{argument.Name}>" : $" [<{argument.Name}>]"));
            page.Append(CultureInfo.InvariantCulture, $"\n`{full}{arguments}{(options.Count > 0 ? " [options]" : "")}`\n\n");
            page.Append("| | default | meaning |\n|---|---|---|\n");
            foreach (var argument in child.Arguments)
            {
                page.Append(CultureInfo.InvariantCulture, $"| `<{argument.Name}>` | {(argument.Arity.MinimumNumberOfValues > 0 ? "**required**" : "")} | {Words(argument.Description!)} |\n");
            }

            foreach (var option in options)
            {
                page.Append(CultureInfo.InvariantCulture, $"| `{option.Name}` | {Default(option)} | {Words(option.Description!)} |\n");
            }
        }
    }

    // Where the description says what holds if an option is not given, the value depends on the machine.
    private static string Default(Option option) => option switch
    {
        { Required: true } => "**required**",
        _ when option.Description!.Contains("if not given", StringComparison.Ordinal) || !option.HasDefaultValue || option.ValueType == typeof(bool) => "",
        _ => $"`{Text(option.GetDefaultValue())}`",
    };

    private static string Text(object? value) => value is Array many ? string.Join(' ', many.Cast<object>()) : Convert.ToString(value, CultureInfo.InvariantCulture)!;

    private static string Words(string text) => text.Replace("<", "\\<", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal);
}
