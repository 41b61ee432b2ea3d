using System.Globalization;

namespace Temper.Coordinator.Reports.Charts;

/// <summary>A tick of an axis.</summary>
internal readonly record struct Tick(double Value, string Label);

/// <summary>From values to places on a line, with round ticks.</summary>
/// <param name="Low">Value at the beginning.</param>
/// <param name="High">Value at the end; above <paramref name="Low"/>.</param>
/// <param name="IsLog">Whether equal ratios have equal lengths.</param>
/// <param name="Ticks">Where values are written.</param>
internal sealed record Axis(double Low, double High, bool IsLog, IReadOnlyList<Tick> Ticks)
{
    private const int LogMinRatio = 40;

    /// <summary>0 at <see cref="Low"/>, 1 at <see cref="High"/>.</summary>
    public double Place(double value) => IsLog
        ? Math.Log(Math.Max(value, Low) / Low) / Math.Log(High / Low)
        : (value - Low) / (High - Low);

    /// <summary>A linear axis over the values, from zero where asked; the ends are ticks.</summary>
    public static Axis Linear(double low, double high, bool fromZero, int about)
    {
        (low, high) = fromZero ? (Math.Min(low, 0), Math.Max(high, 0)) : (low, high);
        if (!(high > low))
        {
            var room = low == 0 ? 1 : Math.Abs(low) * 0.1;
            (low, high) = (fromZero && low == 0 ? 0 : low - room, high + room);
        }

        var step = NiceStep((high - low) / about);
        var (first, last) = ((long)Math.Floor((low / step) + 1e-9), (long)Math.Ceiling((high / step) - 1e-9));
        var ticks = new List<Tick>();
        for (var i = first; i <= last; i++)
        {
            ticks.Add(new Tick(i * step, Label(i * step, step)));
        }

        return new Axis(first * step, last * step, false, ticks);
    }

    /// <summary>An axis of steps: it ends where the data ends, with round ticks in between.</summary>
    public static Axis Steps(double first, double last)
    {
        var axis = Linear(first, Math.Max(last, first + 1), fromZero: true, 5);
        var end = Math.Max(last, first + 1);
        return axis with { High = end, Ticks = [.. axis.Ticks.Where(tick => tick.Value <= end && tick.Value == Math.Floor(tick.Value))] };
    }

    /// <summary>A logarithmic axis where the values are positive and span more than a linear one could show, a linear one otherwise.</summary>
    public static Axis Auto(double low, double high, int about) =>
        low > 0 && high / low >= LogMinRatio ? Log(low, high) : Linear(low, high, low >= 0, about);

    private static Axis Log(double low, double high)
    {
        var decades = Math.Log10(high / low);
        int[] digits = decades switch { < 1.8 => [1, 2, 5], < 3.2 => [1, 3], _ => [1] };
        var every = decades < 7 ? 1 : (int)Math.Ceiling(decades / 6);
        var ticks = new List<Tick>();
        for (var power = (int)Math.Floor(Math.Log10(low)); power <= Math.Ceiling(Math.Log10(high)); power++)
        {
            ticks.AddRange(digits.Where(_ => power % every == 0).Select(digit => digit * Math.Pow(10, power)).Select(v => new Tick(v, Label(v, v))));
        }

        // A little room rather than whole decades, which could leave most of the plot empty.
        var room = Math.Pow(high / low, 0.03);
        (low, high) = (low / room, high * room);
        return new Axis(low, high, true, [.. ticks.Where(tick => tick.Value >= low && tick.Value <= high)]);
    }

    private static double NiceStep(double raw)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        return (raw / power) switch
        {
            <= 1.0 + 1e-9 => power,
            <= 2.0 + 1e-9 => 2 * power,
            <= 5.0 + 1e-9 => 5 * power,
            _ => 10 * power,
        };
    }

    private static string Label(double value, double step)
    {
        var size = Math.Abs(value);
        if (size < step * 1e-6)
        {
            return "0";
        }

        if (size >= 1e6)
        {
            return size >= 1e9 ? Short(value / 1e9) + " G" : Short(value / 1e6) + " M";
        }

        if (step >= 1000 && size >= 10_000)
        {
            return Short(value / 1000) + " k";
        }

        // By the step, not the value: labels of one axis are written alike.
        if (step < 0.0001 * (1 - 1e-9))
        {
            var power = (int)Math.Floor(Math.Log10(size) + 1e-9);
            return Short(value / Math.Pow(10, power)) + "e" + power.ToString(CultureInfo.InvariantCulture);
        }

        var decimals = Math.Clamp(-(int)Math.Floor(Math.Log10(step) + 1e-9), 0, 6);
        return value.ToString("#,0." + new string('0', decimals), CultureInfo.InvariantCulture).TrimEnd('.');
    }

    private static string Short(double value) => Math.Round(value, 3).ToString("0.###", CultureInfo.InvariantCulture);
}
