using System.CommandLine;
using System.Text;
using Temper.Cli.Commands;
using Temper.Mixture.Sources;

namespace Temper.EndToEnd.Tests.Commands;

/// <summary>The rows that <c>decode</c>, <c>score</c> and <c>tokenize</c> read.</summary>
public sealed class InputRowsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-rows-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Rows_are_objects_and_blank_lines_are_none()
    {
        var rows = JsonRows.Read(Write("rows.jsonl", "\uFEFF{\"inputs\": \"a\"}\r\n\n{\"inputs\": \"\\ud83d\\ude00\", \"n\": {\"x\": 1}}"u8.ToArray()));

        Assert.Equal(["a", "😀"], rows.Select(row => (string?)row["inputs"]));
        Assert.Equal(1, (int)rows[1]["n"]!["x"]!);
    }

    [Theory]
    [InlineData("{\"inputs\": \"\\ud800\"}", "rows.jsonl:2: A string holds half of a surrogate pair")]
    [InlineData("{\"id\": [\"\\uDC00\"], \"inputs\": \"a\"}", "rows.jsonl:2: A string holds half of a surrogate pair")]
    [InlineData("{\"inputs\": \"a\", \"inputs\": \"b\"}", "rows.jsonl:2: The name 'inputs' stands twice in an object.")]
    [InlineData("{\"inputs\": ", "rows.jsonl:2: The line is not valid JSON")]
    [InlineData("[1]", "rows.jsonl:2: The line is a JSON Array, not an object.")]
    public void A_row_that_can_be_read_in_two_ways_or_none_is_refused_with_its_line(string row, string message)
    {
        var file = Write("rows.jsonl", Encoding.UTF8.GetBytes($"{{\"inputs\": \"a\"}}\n{row}\n"));

        Assert.StartsWith(message, Assert.Throws<SourceException>(() => JsonRows.Read(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_refused_with_their_line()
    {
        var rows = Write("rows.jsonl", [.. "{\"inputs\": \"a\"}\n{\"inputs\": \""u8, 0xFF, .. "\"}\n"u8]);
        var half = Write("half.jsonl", [.. "{\"inputs\": \""u8, 0xED, 0xA0, 0x80, .. "\"}\n"u8]);
        var text = Write("text.txt", [.. "a\nb\n"u8, 0xE9, .. "\n"u8]);

        Assert.StartsWith("rows.jsonl:2: The bytes are not valid UTF-8.", Assert.Throws<SourceException>(() => JsonRows.Read(rows)).Message, StringComparison.Ordinal);
        Assert.StartsWith("half.jsonl:1: The bytes are not valid UTF-8.", Assert.Throws<SourceException>(() => JsonRows.Read(half)).Message, StringComparison.Ordinal);
        Assert.StartsWith("text.txt:3: The bytes are not valid UTF-8.", Assert.Throws<SourceException>(() => Tokenize(text)).Message, StringComparison.Ordinal);
        Assert.Equal(3, Directory.GetFiles(_folder).Length);
    }

    [Fact]
    public void Only_line_feeds_end_lines_of_text_to_tokenize() =>
        Assert.Equal(["100 16", "", "101"], Tokenize(Write("text.txt", "a\r\n\nb"u8.ToArray())));

    private string[] Tokenize(FileInfo file)
    {
        var output = Path.Combine(_folder, "ids.txt");
        var parsed = TemperCommand.Create().Parse(["tokenize", "--vocab", "bytes", "--input", file.FullName, "--output", output]);
        Assert.Equal(0, parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false }));
        return File.ReadAllLines(output);
    }

    private FileInfo Write(string name, byte[] bytes)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, bytes);
        return new FileInfo(path);
    }
}
