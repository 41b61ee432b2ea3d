using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using MathNet.Numerics.Distributions;

namespace Temper.Coordinator.Reports.Experiments;

/// <summary>A range of values.</summary>
public readonly record struct Interval(double Low, double High);

/// <summary>
/// A power law, loss = Scale · compute^-Exponent: a straight line in logarithms, fitted by least squares. How far to trust it is worked out by
/// bootstrap: the line's residuals, scaled by √(n / (n - 2)) since a fit makes them too small, are drawn anew 10,000 times and the line is
/// fitted again. The draws are seeded: the same points give the same intervals.
/// </summary>
/// <remarks>
/// Residuals drawn from a handful of points know nothing of how uncertain their own spread is: with four points a plain 95 % interval would
/// hold the truth 4 times in 5. So the distances from the estimate are widened by Student's t over the normal quantile.
/// </remarks>
public sealed class PowerLaw
{
    /// <summary>Points that a fit needs: two would always fit exactly.</summary>
    public const int MinPoints = 3;

    private const int Resamples = 10_000;
    private const int Seed = 17;
    private const double NormalQuantile = 1.959964;

    private readonly double _centre;
    private readonly Line _line;
    private readonly double _widening;
    private readonly Line[] _lines;
    private readonly double[] _surprises;

    private PowerLaw(double[] x, double[] y)
    {
        // Around the mean of the abscissas, where slope and height do not depend on each other.
        _centre = x.Average();
        var offsets = x.Select(value => value - _centre).ToArray();
        _line = Line.Through(offsets, y);
        _widening = StudentT.InvCDF(0, 1, x.Length - 2, 0.975) / NormalQuantile;
        (_lines, _surprises) = Resample(offsets, y, _line);
        Exponent = -_line.Slope;
        Scale = Math.Exp(_line.Height - (_line.Slope * _centre));
        ExponentInterval = Between(-_line.Slope, _lines.Select(line => -line.Slope));
    }

    /// <summary>The factor.</summary>
    public double Scale { get; }

    /// <summary>The exponent: how fast the loss falls.</summary>
    public double Exponent { get; }

    /// <summary>95 % interval of <see cref="Exponent"/>.</summary>
    public Interval ExponentInterval { get; }

    /// <summary>A sentence where the points show no such law: the fitted loss rises, or its interval holds no change at all. Null where they do.</summary>
    public string? WhyNone => Exponent <= 0 ? $"The loss does not fall with compute: the fitted exponent is {Signed(-Exponent)} (95 % interval {Signed(-ExponentInterval.Low)} to {Signed(-ExponentInterval.High)})."
        : ExponentInterval.Low <= 0 ? $"The 95 % interval of the fitted exponent, {Signed(-ExponentInterval.Low)} to {Signed(-ExponentInterval.High)}, holds 0: that the loss falls with compute may be chance."
        : null;

    /// <summary>Fits a law.</summary>
    /// <param name="points">Compute and loss.</param>
    /// <param name="law">The law.</param>
    /// <param name="whyNot">A sentence, if there is none.</param>
    public static bool TryFit(IReadOnlyList<(double Compute, double Loss)> points, [NotNullWhen(true)] out PowerLaw? law, [NotNullWhen(false)] out string? whyNot)
    {
        law = null;
        whyNot = points.Count < MinPoints ? $"A power law needs at least {MinPoints} points, and there {(points.Count == 1 ? "is" : "are")} {points.Count}."
            : points.Any(point => !(point.Compute > 0 && point.Loss > 0 && double.IsFinite(point.Compute) && double.IsFinite(point.Loss)))
                ? "A power law needs compute and losses above zero."
            : points.Max(point => point.Compute) < points.Min(point => point.Compute) * 1.01 ? "All points have the same compute."
            : null;
        if (whyNot is not null)
        {
            return false;
        }

        law = new PowerLaw([.. points.Select(point => Math.Log(point.Compute))], [.. points.Select(point => Math.Log(point.Loss))]);
        return true;
    }

    /// <summary>The loss at a compute.</summary>
    public double At(double compute) => Math.Exp(_line.At(Math.Log(compute) - _centre));

    /// <summary>95 % interval of the loss that another training at that compute ends with: its own noise is part of it.</summary>
    public Interval IntervalAt(double compute)
    {
        var x = Math.Log(compute) - _centre;
        var (low, high) = Between(_line.At(x), _lines.Select((line, i) => line.At(x) + _surprises[i]));
        return new Interval(Math.Exp(low), Math.Exp(high));
    }

    private static (Line[] Lines, double[] Surprises) Resample(double[] offsets, double[] y, Line line)
    {
        var n = y.Length;
        var scale = Math.Sqrt(n / (n - 2.0));
        var residuals = offsets.Select((x, i) => scale * (y[i] - line.At(x))).ToArray();
        var random = new Random(Seed);
        var lines = new Line[Resamples];
        var surprises = new double[Resamples];
        var drawn = new double[n];
        for (var i = 0; i < Resamples; i++)
        {
            for (var k = 0; k < n; k++)
            {
                drawn[k] = line.At(offsets[k]) + residuals[random.Next(n)];
            }

            lines[i] = Line.Through(offsets, drawn);
            surprises[i] = residuals[random.Next(n)];
        }

        return (lines, surprises);
    }

    private Interval Between(double estimate, IEnumerable<double> resampled)
    {
        var sorted = resampled.Order().ToArray();
        var (low, high) = (sorted[(int)(0.025 * (sorted.Length - 1))], sorted[(int)Math.Ceiling(0.975 * (sorted.Length - 1))]);
        return new Interval(
            estimate - (_widening * Math.Max(0, estimate - low)),
            estimate + (_widening * Math.Max(0, high - estimate)));
    }

    private static string Signed(double value) => value.ToString("0.000;−0.000", CultureInfo.InvariantCulture);

    private readonly record struct Line(double Height, double Slope)
    {
        public double At(double x) => Height + (Slope * x);

        // The abscissas add up to zero.
        public static Line Through(double[] x, double[] y)
        {
            var (height, products, squares) = (y.Average(), 0.0, 0.0);
            for (var i = 0; i < x.Length; i++)
            {
                products += x[i] * y[i];
                squares += x[i] * x[i];
            }

            return new Line(height, products / squares);
        }
    }
}
