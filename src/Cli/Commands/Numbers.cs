using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace Temper.Cli.Commands;

/// <summary>Options that take a number. Each has its range, and one message says name, value and range of what is outside it.</summary>
internal static class Numbers
{
    /// <summary>A whole number from <paramref name="least"/> to <paramref name="most"/>, with a default.</summary>
    /// <param name="name">The option.</param>
    /// <param name="description">What it means.</param>
    /// <param name="least">The smallest value allowed.</param>
    /// <param name="most">The largest value allowed.</param>
    /// <param name="value">The value if it is not given.</param>
    public static Option<int> Whole(string name, string description, int least, int most, Func<int> value) => new(name)
    {
        Description = Described(description, least, most),
        DefaultValueFactory = _ => value(),
        CustomParser = result => Read(result, name, "a whole number", NumberStyles.AllowLeadingSign, least, most),
    };

    /// <summary>A whole number from <paramref name="least"/> to <paramref name="most"/>, null if it is not given.</summary>
    public static Option<int?> WholeIfGiven(string name, string description, int least, int most) => new(name)
    {
        Description = Described(description, least, most),
        CustomParser = result => Read(result, name, "a whole number", NumberStyles.AllowLeadingSign, least, most),
    };

    /// <summary>A number from <paramref name="least"/> to <paramref name="most"/>, null if it is not given.</summary>
    public static Option<double?> RealIfGiven(string name, string description, double least, double most) => new(name)
    {
        Description = Described(description, least, most),
        CustomParser = result => Read(result, name, "a number", NumberStyles.Float, least, most),
    };

    private static string Described<T>(string description, T least, T most) =>
        string.Create(CultureInfo.InvariantCulture, $"{description} From {least} to {most}.");

    private static T Read<T>(ArgumentResult result, string name, string what, NumberStyles styles, T least, T most)
        where T : struct, INumber<T>
    {
        var text = result.Tokens.Single().Value;
        if (T.TryParse(text, styles, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most)
        {
            return value;
        }

        result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} is {Shown(text)}. Give {what} from {least} to {most}."));
        return default;
    }

    // A number as it is; what is none in quotes, by which its ends can be seen.
    private static string Shown(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _) ? text : $"'{text}'";
}
