using System.IO.Compression;
using System.Text;

namespace Temper.Mixture.Sources;

/// <summary>
/// Unpacks a gzip file of one member or several (RFC 1952) and refuses one that is damaged, ends before its last trailer does, or goes on after
/// it with something else. The unpacker of .NET ends in silence where its input does. So a member with a known text is put behind the file: a member
/// that is not whole takes the bytes of this one for its own, and then the unpacked data do not end with that text.
/// </summary>
internal sealed class WholeGzipStream : ReadOnlyStream
{
    // What a cut-off member makes of the bytes behind it is nonsense: so much is not given out before the end is known, so that it is
    // this file that is called damaged, and not a row of it.
    private const int HeldBack = 1 << 15;

    // It repeats itself, so that its packed bytes do not hold it: a block that is stored as it is and was cut off cannot end with it.
    private static readonly byte[] EndText = Encoding.ASCII.GetBytes("end of file end of file end of file");
    private static readonly byte[] EndMember = Pack(EndText);

    private readonly GZipStream _unpacked;
    private readonly byte[] _buffer = new byte[1 << 17];
    private int _start;
    private int _end;
    private bool _ended;

    /// <param name="file">The packed file; disposed of with this stream.</param>
    public WholeGzipStream(Stream file) => _unpacked = new GZipStream(new Followed(file, EndMember), CompressionMode.Decompress);

    /// <exception cref="InvalidDataException">The file is damaged or not whole.</exception>
    public override int Read(Span<byte> buffer)
    {
        while (!_ended && _end - _start <= HeldBack)
        {
            Fill();
        }

        var read = Math.Min(buffer.Length, _end - _start - (_ended ? 0 : HeldBack));
        _buffer.AsSpan(_start, read).CopyTo(buffer);
        _start += read;
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        _unpacked.Dispose();
        base.Dispose(disposing);
    }

    private void Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        try
        {
            var read = _unpacked.Read(_buffer, _end, _buffer.Length - _end);
            _end += read;
            _ended = read == 0;
        }
        catch (InvalidDataException e)
        {
            throw Damaged(e);
        }

        if (_ended)
        {
            _end = _buffer.AsSpan(0, _end).EndsWith(EndText) ? _end - EndText.Length : throw Damaged(null);
        }
    }

    private static InvalidDataException Damaged(Exception? inner) => new(
        "The packed data are damaged, cut off, followed by something else, or no gzip (gzip -t says which). Copy the file anew, or unpack it and leave the .gz out of its name.", inner);

    private static byte[] Pack(byte[] text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
        {
            gzip.Write(text);
        }

        return packed.ToArray();
    }

    /// <summary>A file and more bytes behind it; of an empty file, which is no gzip, nothing.</summary>
    private sealed class Followed(Stream file, byte[] behind) : ReadOnlyStream
    {
        private bool _any;
        private int _taken;

        public override int Read(Span<byte> buffer)
        {
            var read = file.Read(buffer);
            if (read > 0 || !_any)
            {
                _any |= read > 0;
                return read;
            }

            read = Math.Min(buffer.Length, behind.Length - _taken);
            behind.AsSpan(_taken, read).CopyTo(buffer);
            _taken += read;
            return read;
        }

        protected override void Dispose(bool disposing)
        {
            file.Dispose();
            base.Dispose(disposing);
        }
    }
}
