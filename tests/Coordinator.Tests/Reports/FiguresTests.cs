using Temper.Coordinator.Reports;

namespace Temper.Coordinator.Tests.Reports;

public class FiguresTests
{
    [Theory]
    [InlineData(0.004, "4.0 ms")]
    [InlineData(0.1504, "150 ms")]
    [InlineData(0.9996, "1.0 s")]
    [InlineData(12.34, "12.3 s")]
    [InlineData(59.97, "1 min 00 s")]
    [InlineData(185, "3 min 05 s")]
    [InlineData(3599.7, "1 h 00 min")]
    [InlineData(7620, "2 h 07 min")]
    [InlineData(86_399, "1 d 00 h")]
    [InlineData(273_600, "3 d 04 h")]
    [InlineData(double.NaN, "–")]
    [InlineData(-1, "–")]
    public void Durations(double seconds, string expected) => Assert.Equal(expected, Figures.Duration(seconds));

    [Theory]
    [InlineData(2.34567, "2.3457")]
    [InlineData(0, "0.0000")]
    [InlineData(0.00123456, "1.23e-3")]
    [InlineData(0.0099999, "1.00e-2")]
    [InlineData(double.NaN, "–")]
    public void Losses(double loss, string expected) => Assert.Equal(expected, Figures.Loss(loss));

    [Theory]
    [InlineData(0.002, "0.002")]
    [InlineData(0.0005, "5e-4")]
    [InlineData(0.00012345, "1.23e-4")]
    [InlineData(1.5, "1.5")]
    public void Small_numbers(double number, string expected) => Assert.Equal(expected, Figures.Small(number));

    [Theory]
    [InlineData(850, "850")]
    [InlineData(9999, "9,999")]
    [InlineData(23_575, "23.6 k")]
    [InlineData(3.14e6, "3.1 M")]
    public void Rates(double rate, string expected) => Assert.Equal(expected, Figures.Rate(rate));
}
