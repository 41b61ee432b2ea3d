using System.IO.Compression;
using System.Text;
using Temper.Mixture.Sources;
using Temper.TestKit;

namespace Temper.Mixture.Tests.Sources;

/// <summary>Packed files are read to their last trailer, or refused: what <c>gzip -t</c> says of them.</summary>
public sealed class PackedFileTests : IDisposable
{
    private static readonly byte[] Text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 300).Select(i => $"line {i} of {(i * 7919) % 1009}\n")));

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(CompressionLevel.Optimal)]
    [InlineData(CompressionLevel.Fastest)]
    [InlineData(CompressionLevel.NoCompression)]
    public void A_file_that_ends_anywhere_but_at_its_end_is_refused(CompressionLevel level)
    {
        var whole = Pack(Text, level);
        for (var length = 0; length < whole.Length; length++)
        {
            AssertRefused(whole[..length]);
        }

        Assert.Equal(Text, Unpack(whole));
    }

    [Fact]
    public void A_changed_trailer_or_header_is_refused()
    {
        var whole = Pack(Text);
        foreach (var place in (int[])[0, 1, 2, .. Enumerable.Range(whole.Length - 8, 8)])
        {
            byte[] changed = [.. whole];
            changed[place] ^= 0x40;
            AssertRefused(changed);
        }
    }

    [Fact]
    public void Members_on_end_are_whole_files_on_end_and_each_must_be_whole()
    {
        byte[] first = Pack("first\n"u8.ToArray()), none = Pack([]), last = Pack(Text);
        byte[] all = [.. first, .. none, .. last];

        Assert.Equal([.. "first\n"u8, .. Text], Unpack(all));
        int[] whole = [first.Length, first.Length + none.Length];
        for (var length = 1; length < all.Length; length++)
        {
            if (whole.Contains(length))
            {
                Assert.Equal("first\n"u8.ToArray(), Unpack(all[..length]));
            }
            else
            {
                AssertRefused(all[..length]);
            }
        }
    }

    [Fact]
    public void What_follows_the_last_member_is_refused()
    {
        AssertRefused([.. Pack(Text), .. "more text"u8]);
        AssertRefused([.. Pack(Text), 0x1F]);
    }

    [Fact]
    public void Members_may_begin_anywhere_in_what_is_read_at_once()
    {
        // The unpacker reads 8 KiB at a time: members of all lengths around it.
        var random = new Random(17);
        for (var length = 8150; length < 8200; length++)
        {
            var text = new byte[length];
            random.NextBytes(text);
            Assert.Equal([.. text, .. Text], Unpack([.. Pack(text, CompressionLevel.NoCompression), .. Pack(Text)]));
        }
    }

    [Theory]
    [InlineData(SourceFormat.Text, "x\n")]
    [InlineData(SourceFormat.Tsv, "x\ty\n")]
    [InlineData(SourceFormat.Csv, "x,y\n")]
    [InlineData(SourceFormat.Jsonl, "{\"x\": 1}\n")]
    public void Every_format_names_the_file_that_is_cut_off_and_the_remedy(SourceFormat format, string row)
    {
        var packed = Pack(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(row, 3000))));
        _scratch.Write("half.gz", packed[..(packed.Length / 2)]);
        _scratch.Write("trailer.gz", packed[..^4]);

        foreach (var name in (string[])["half.gz", "trailer.gz"])
        {
            var refused = Assert.Throws<SourceException>(() => (object)RowSource.Read(Find(name), new SourceShape(format)).Count());
            Assert.StartsWith($"{name}:", refused.Message);
            Assert.EndsWith("Copy the file anew, or unpack it and leave the .gz out of its name.", refused.Message);
            Assert.Throws<SourceException>(() => (object)RowSource.ReadParallel(new Dictionary<string, SourceFile> { ["a"] = Find(name), ["b"] = Find(name) }, SourceEncoding.Utf8).Count());
        }
    }

    [Fact]
    public void The_recorded_cases_are_refused()
    {
        var folder = Repository.Shared("cases/D7b");
        foreach (var name in (string[])["half.txt.gz", "trailer.txt.gz", "badcrc.tsv.gz"])
        {
            var refused = Assert.Throws<SourceException>(() => (object)RowSource.Read(new SourceFile(name, Path.Combine(folder, name)), new SourceShape(SourceFormat.Text)).Count());
            Assert.Contains("The packed data are damaged, cut off", refused.Message);
        }

        Assert.NotEmpty(RowSource.Read(new SourceFile("whole.tsv.gz", Path.Combine(folder, "whole.tsv.gz")), new SourceShape(SourceFormat.Tsv)));
    }

    private SourceFile Find(string name) => new(name, Path.Combine(_scratch.Root, name));

    private static void AssertRefused(byte[] packed) => Assert.Throws<InvalidDataException>(() => (object)Unpack(packed));

    private static byte[] Unpack(byte[] packed)
    {
        using var stream = new WholeGzipStream(new MemoryStream(packed));
        using var unpacked = new MemoryStream();
        stream.CopyTo(unpacked);
        return unpacked.ToArray();
    }

    private static byte[] Pack(byte[] text, CompressionLevel level = CompressionLevel.Optimal)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, level))
        {
            gzip.Write(text);
        }

        return packed.ToArray();
    }
}
