using System.Globalization;

namespace Temper.Coordinator.Reports.Experiments;

/// <summary>How a column of the table is called.</summary>
public static class ColumnWords
{
    /// <summary>Its heading.</summary>
    public static string Of(ResultColumn column) => column.Kind switch
    {
        ColumnKind.Average => "Average",
        ColumnKind.Loss => "Held-out loss",
        _ => SafeText.OneLine(column.Task),
    };

    /// <summary>What it counts.</summary>
    public static string Unit(ResultColumn column) => column.Kind switch
    {
        ColumnKind.Average => "over tasks, ×100",
        ColumnKind.Loss => "nats per token",
        _ => column.Metric is { } metric ? SafeText.OneLine($"{Figures.MetricName(metric)}, {column.Split}") : "not evaluated",
    };

    /// <summary>A number of it.</summary>
    public static string Figure(ResultColumn column, double? value) => column.Kind == ColumnKind.Loss ? Figures.Loss(value) : Figures.Score(value);

    /// <summary>A standard deviation or a difference of it, with as many decimals.</summary>
    public static string Deviation(ResultColumn column, double deviation) =>
        column.Kind == ColumnKind.Loss ? deviation.ToString("0.0000", CultureInfo.InvariantCulture) : Figures.Score(deviation);
}
