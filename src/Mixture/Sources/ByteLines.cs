namespace Temper.Mixture.Sources;

/// <summary>
/// Cuts a stream at line feeds, as bytes. Lines are cut before they are decoded so that invalid characters can be
/// reported with the line they stand in.
/// </summary>
internal sealed class ByteLines(Stream stream) : IDisposable
{
    /// <summary>No line of text is this long; a model file given by mistake is found out before it fills the memory.</summary>
    public const int LongestLine = 16 << 20;

    private byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;
    private bool _ended;

    /// <summary>The next line without its line feed; false at the end. The bytes stay valid until the next call.</summary>
    /// <exception cref="InvalidDataException">The line is too long, or a packed file is damaged.</exception>
    public bool TryNext(out ReadOnlySpan<byte> line, out bool terminated)
    {
        var searched = 0;
        while (true)
        {
            var found = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            if (found >= 0)
            {
                line = Take(searched + found);
                _start++;
                terminated = true;
                return true;
            }

            searched = _end - _start;
            if (_ended)
            {
                line = Take(searched);
                terminated = false;
                return searched > 0;
            }

            Fill();
        }
    }

    public void Dispose() => stream.Dispose();

    private ReadOnlySpan<byte> Take(int length)
    {
        var line = _buffer.AsSpan(_start, length);
        _start += length;
        return line;
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            Grow();
        }

        var read = stream.Read(_buffer, _end, _buffer.Length - _end);
        _end += read;
        _ended = read == 0;
    }

    private void Grow()
    {
        if (_buffer.Length >= LongestLine)
        {
            throw new InvalidDataException($"A line is longer than {LongestLine >> 20} MiB. Check that this is a text file.");
        }

        Array.Resize(ref _buffer, _buffer.Length * 2);
    }
}
