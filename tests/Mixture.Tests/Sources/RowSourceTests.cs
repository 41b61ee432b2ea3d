using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Temper.Mixture.Sources;

namespace Temper.Mixture.Tests.Sources;

public sealed class RowSourceTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Quotes_are_ordinary_characters_in_TSV()
    {
        var rows = Read("a.tsv", "id\ttext\n1\tHe said \"no\n2\t\"\"\n", new SourceShape());

        Assert.Equal(["He said \"no", "\"\""], rows.Select(row => row["text"]));
        Assert.Equal("a.tsv:3", rows[1].Place);
    }

    [Theory]
    [InlineData("a\tb\n1\t2\n3\t4\n")]
    [InlineData("a\tb\r\n1\t2\r\n3\t4\r\n")]
    [InlineData("\uFEFFa\tb\n1\t2\n3\t4")]
    [InlineData("a\tb\n\n1\t2\n3\t4\n\n")]
    public void Line_ends_a_byte_order_mark_and_blank_lines_do_not_matter(string text)
    {
        var rows = Read("a.tsv", text, new SourceShape());

        Assert.Equal(["1", "3"], rows.Select(row => row["a"]));
        Assert.Equal(["2", "4"], rows.Select(row => row["b"]));
    }

    [Fact]
    public void Without_a_header_further_columns_are_ignored()
    {
        var rows = Read("sts.csv", "x\t1\nx\t2\textra\textra\n", new SourceShape(Header: false, Columns: ["kind", "score"]));

        Assert.Equal(["1", "2"], rows.Select(row => row["score"]));
        Assert.Equal(["kind", "score"], rows[0].Columns);
    }

    [Fact]
    public void A_quoted_CSV_field_may_hold_commas_quotes_and_line_ends()
    {
        var rows = Read("a.csv", "id,text\n1,\"a, \"\"b\"\"\r\nc\"\n2,plain\n", new SourceShape(SourceFormat.Csv));

        Assert.Equal(["a, \"b\"\r\nc", "plain"], rows.Select(row => row["text"]));
        Assert.Equal(["a.csv:2", "a.csv:4"], rows.Select(row => row.Place));
    }

    [Fact]
    public void Whatever_is_written_as_CSV_is_read_back()
    {
        var field = Gen.String[Gen.Char[",\"\n\r äb\t"]];
        var record = Gen.Select(field, field, field, (a, b, c) => new[] { a, b, c });

        record.Array[1, 5].Sample(records =>
        {
            var text = string.Concat(records.Select(fields => string.Join(',', fields.Select(Quoted)) + "\r\n"));
            var rows = Read("round.csv", text, new SourceShape(SourceFormat.Csv, Header: false, Columns: ["x", "y", "z"]));
            return records.SelectMany(fields => fields).SequenceEqual(rows.SelectMany(row => new[] { row["x"], row["y"], row["z"] }));
        }, threads: 1, iter: 200);

        static string Quoted(string field) => $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    [Fact]
    public void Nested_JSON_is_reached_by_path_and_numbers_keep_their_spelling()
    {
        var row = Assert.Single(Read("a.jsonl", """{"q":"why","n":1.50,"ok":true,"none":null,"answer":{"text":["x","y"]}}""" + "\n\n", new SourceShape(SourceFormat.Jsonl)));

        Assert.Equal(["q", "n", "ok", "answer/text/0", "answer/text/1"], row.Columns);
        Assert.Equal(("1.50", "true", "y"), (row["n"], row["ok"], row["answer/text/1"]));
        Assert.False(row.TryGet("none", out _));
    }

    [Fact]
    public void Named_groups_of_a_pattern_are_columns()
    {
        var shape = new SourceShape(SourceFormat.Text, SourceEncoding.Latin1, Pattern: new Regex(@"^(?<label>\w+):\S+ (?<text>.*)$"));
        _scratch.Write("trec", Encoding.Latin1.GetBytes("NUM:dist How far to Besançon ?\n"));

        var row = Assert.Single(RowSource.Read(Find("trec"), shape));

        Assert.Equal(("NUM", "How far to Besançon ?"), (row["label"], row["text"]));
    }

    [Fact]
    public void Packed_files_and_files_that_are_longer_than_a_buffer_are_read()
    {
        string[] lines = [.. Enumerable.Range(0, 5000).Select(i => $"line {i} {new string('x', i % 300)}")];
        _scratch.WritePacked("long.txt.gz", string.Join('\n', lines));

        Assert.Equal(lines, RowSource.Read(Find("long.txt.gz"), new SourceShape(SourceFormat.Text)).Select(row => row["text"]));
    }

    [Fact]
    public void Parallel_files_are_read_line_by_line()
    {
        _scratch.Write("x.en", "one\n\nthree\n");
        _scratch.WritePacked("x.de.gz", "eins\nzwei\ndrei\n");

        var rows = ReadPair().ToList();

        Assert.Equal(["one", "", "three"], rows.Select(row => row["en"]));
        Assert.Equal(["eins", "zwei", "drei"], rows.Select(row => row["de"]));
    }

    [Fact]
    public void Parallel_files_of_different_length_are_refused_with_both_names()
    {
        _scratch.Write("x.en", "one\ntwo\n");
        _scratch.WritePacked("x.de.gz", "eins\n");

        var refused = Assert.Throws<SourceException>(() => ReadPair().ToList());

        Assert.Equal("x.de.gz:1: The file ends after 1 lines, but x.en goes on. Parallel files need the same number of lines.", refused.Message);
    }

    [Theory]
    [InlineData(SourceFormat.Tsv, "a\tb\n1\t2\n3\n", "f:3: The row has 1 columns, the header names 2.")]
    [InlineData(SourceFormat.Tsv, "a\tb\n1\t2\t3\n", "f:2: The row has 3 columns, the header names 2.")]
    [InlineData(SourceFormat.Tsv, "a\ta\n1\t2\n", "f:1: The header names the column 'a' twice.")]
    [InlineData(SourceFormat.Tsv, "", "f: The file holds no rows.")]
    [InlineData(SourceFormat.Tsv, "a\tb\n", "f: The file holds no rows.")]
    [InlineData(SourceFormat.Csv, "a,b\n1,\"2\n\n", "f:2: A quoted field is never closed.")]
    [InlineData(SourceFormat.Csv, "a,b\n1,x\"y\n", "f:2: A quote stands inside an unquoted field.")]
    [InlineData(SourceFormat.Csv, "a,b\n1,\"x\"y\n", "f:2: 'y' follows a closing quote.")]
    [InlineData(SourceFormat.Jsonl, "{\"a\":1}\n{\"a\":\n", "f:2: The line is not valid JSON")]
    [InlineData(SourceFormat.Jsonl, "[1]\n", "f:1: The line is a JSON Array, not an object.")]
    [InlineData(SourceFormat.Jsonl, "{\"a\":\"\\ud800\"}\n", "f:1: A string holds half of a surrogate pair")]
    [InlineData(SourceFormat.Jsonl, "{\"a\":[{\"b\":\"\\uDC00\"}]}\n", "f:1: A string holds half of a surrogate pair")]
    [InlineData(SourceFormat.Jsonl, "{\"\\udfff\":1}\n", "f:1: A string holds half of a surrogate pair")]
    [InlineData(SourceFormat.Jsonl, "{\"a\":1}\n{\"a\":1,\"b\":2,\"a\":1}\n", "f:2: The name 'a' stands twice in an object.")]
    [InlineData(SourceFormat.Jsonl, "{\"x\":[{\"a\":1,\"\\u0061\":2}]}\n", "f:1: The name 'a' stands twice in an object.")]
    [InlineData(SourceFormat.Jsonl, "{\"a/b\":1}\n{\"a/b\":1,\"a\":{\"b\":2}}\n", "f:2: There are two values for 'a/b': one under that name, and one that is nested.")]
    [InlineData(SourceFormat.Jsonl, "{\"a\":[5],\"a/0\":1}\n", "f:1: There are two values for 'a/0'")]
    [InlineData(SourceFormat.Tsv, "a\tb\r1\t2\r", "f:1: Lines end with a carriage return alone")]
    [InlineData(SourceFormat.Csv, "a,b\r1,2", "f:1: Lines end with a carriage return alone")]
    [InlineData(SourceFormat.Jsonl, "{\"a\":1}\r{\"a\":2}\r", "f:1: Lines end with a carriage return alone")]
    [InlineData(SourceFormat.Text, "one\rtwo\r", "f:1: Lines end with a carriage return alone")]
    public void A_mistake_is_reported_with_file_line_and_remedy(SourceFormat format, string text, string message)
    {
        var refused = Assert.Throws<SourceException>(() => Read("f", text, new SourceShape(format)));

        Assert.StartsWith(message, refused.Message);
        Assert.EndsWith(".", refused.Message);
    }

    [Fact]
    public void A_carriage_return_within_a_line_is_an_ordinary_character_and_at_the_end_of_the_file_a_line_end_cut_short()
    {
        Assert.Equal(["one\rtwo", "three"], Read("f", "one\rtwo\nthree\r", new SourceShape(SourceFormat.Text)).Select(row => row["text"]));
        Assert.Equal(["one"], Read("g", "one\r", new SourceShape(SourceFormat.Text)).Select(row => row["text"]));
    }

    [Fact]
    public void A_line_that_does_not_match_the_pattern_is_refused()
    {
        var shape = new SourceShape(SourceFormat.Text, Pattern: new Regex("^(?<n>[0-9]+)$"));

        var refused = Assert.Throws<SourceException>(() => Read("f", "1\ntwo\n", shape));

        Assert.StartsWith("f:2: The line 'two' does not match the pattern ^(?<n>[0-9]+)$.", refused.Message);
    }

    [Fact]
    public void Bytes_that_are_not_UTF_8_are_refused_with_their_line()
    {
        _scratch.Write("f", [.. "a\nb\n"u8, 0xE9, .. "\n"u8]);

        var refused = Assert.Throws<SourceException>(() => RowSource.Read(Find("f"), new SourceShape(SourceFormat.Text)).ToList());

        Assert.StartsWith("f:3: The bytes are not valid UTF-8. Set 'encoding: latin-1'", refused.Message);
    }

    [Theory]
    [InlineData(SourceEncoding.Utf8, new byte[] { 0xFF, 0xFE, 0x61, 0, 0x0A, 0 }, "f:1: The file is in UTF-16. Convert it to UTF-8")]
    [InlineData(SourceEncoding.Latin1, new byte[] { 0xFE, 0xFF, 0, 0x61, 0, 0x0A }, "f:1: The file is in UTF-16. Convert it to UTF-8")]
    [InlineData(SourceEncoding.Utf8, new byte[] { 0x61, 0, 0x0A, 0, 0x62, 0 }, "f:1: The row holds the character NUL")]
    [InlineData(SourceEncoding.Latin1, new byte[] { 0x61, 0x0A, 0x62, 0, 0x0A }, "f:2: The row holds the character NUL")]
    [InlineData(SourceEncoding.Latin1, new byte[] { 0xEF, 0xBB, 0xBF, 0x61, 0x0A }, "f:1: The file begins with the mark of UTF-8, and 'encoding' is latin-1.")]
    [InlineData(SourceEncoding.Latin1, new byte[] { 0x1F, 0x8B, 8, 0 }, "f:1: The file is packed with gzip, but its name does not end in .gz.")]
    [InlineData(SourceEncoding.Latin1, new byte[] { 0x28, 0xB5, 0x2F, 0xFD, 4 }, "f:1: The file is packed with something other than gzip.")]
    [InlineData(SourceEncoding.Utf8, new byte[] { 0xFD, 0x37, 0x7A, 0x58, 0x5A, 0 }, "f:1: The file is packed with something other than gzip.")]
    [InlineData(SourceEncoding.Latin1, new byte[] { 0x42, 0x5A, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59 }, "f:1: The file is packed with something other than gzip.")]
    [InlineData(SourceEncoding.Utf8, new byte[] { 0x50, 0x4B, 3, 4, 0x14, 0 }, "f:1: The file is packed with something other than gzip.")]
    public void A_file_that_is_no_text_in_its_encoding_is_refused_with_what_it_is(SourceEncoding encoding, byte[] bytes, string message)
    {
        _scratch.Write("f", bytes);

        var refused = Assert.Throws<SourceException>(() => (object)RowSource.Read(Find("f"), new SourceShape(SourceFormat.Text, encoding)).ToList());

        Assert.StartsWith(message, refused.Message);
        Assert.EndsWith(".", refused.Message);
    }

    [Fact]
    public void A_pointer_of_Git_LFS_is_no_text() =>
        Assert.StartsWith("f:1: The file is a Git LFS pointer", Assert.Throws<SourceException>(() => Read(
            "f", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", new SourceShape(SourceFormat.Text))).Message);

    [Theory]
    [InlineData(SourceFormat.Tsv, "a\tb\r\n1\t2\r")]
    [InlineData(SourceFormat.Tsv, "a\tb\n1\t2\r\n")]
    [InlineData(SourceFormat.Csv, "a,b\r\n1,2\r")]
    [InlineData(SourceFormat.Csv, "a,b\n1,\"2\"")]
    [InlineData(SourceFormat.Csv, "a,b\r\n\"1\",\"2\"\r")]
    [InlineData(SourceFormat.Jsonl, "{\"a\":1,\"b\":2}\r")]
    public void How_the_last_line_ends_is_no_part_of_its_values(SourceFormat format, string text)
    {
        var row = Assert.Single(Read("f", text, new SourceShape(format)));

        Assert.Equal(("1", "2"), (row["a"], row["b"]));
    }

    [Fact]
    public void A_damaged_packed_file_is_refused()
    {
        _scratch.Write("f.gz", "this is not gzip"u8.ToArray());

        Assert.StartsWith("f.gz:1: ", Assert.Throws<SourceException>(() => RowSource.Read(Find("f.gz"), new SourceShape(SourceFormat.Text)).ToList()).Message);
    }

    private IEnumerable<Row> ReadPair() => RowSource.ReadParallel(
        new Dictionary<string, SourceFile> { ["en"] = Find("x.en"), ["de"] = Find("x.de.gz") }, SourceEncoding.Utf8);

    private List<Row> Read(string name, string text, SourceShape shape)
    {
        _scratch.Write(name, text);
        return [.. RowSource.Read(Find(name), shape)];
    }

    private SourceFile Find(string name) => new(name, Path.Combine(_scratch.Root, name));
}
