using System.Text;

namespace Temper.Worker.Agents;

/// <summary>Lines of a stream, of bounded length: a program that writes without ever ending a line takes no memory for it.</summary>
/// <param name="stream">UTF-8; what is none is replaced, a byte order mark is not looked for.</param>
/// <param name="longest">Characters that are kept of a line.</param>
internal sealed class LineReader(Stream stream, int longest) : IDisposable
{
    private readonly StreamReader _reader = new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), detectEncodingFromByteOrderMarks: false);
    private readonly char[] _buffer = new char[4096];
    private readonly StringBuilder _line = new();
    private int _at;
    private int _end;

    /// <summary>Closes the stream.</summary>
    public void Dispose() => _reader.Dispose();

    /// <summary>The next line without its end, and how many characters of it were not kept; null at the end of the stream.</summary>
    /// <exception cref="IOException">The stream cannot be read.</exception>
    public (string Text, long Cut)? Read()
    {
        var cut = 0L;
        var isEmpty = true;
        _line.Clear();
        while (true)
        {
            if (_at == _end)
            {
                (_at, _end) = (0, _reader.Read(_buffer));
                if (_end == 0)
                {
                    return isEmpty ? null : (_line.ToString(), cut);
                }
            }

            isEmpty = false;
            var rest = _buffer.AsSpan(_at, _end - _at);
            var length = rest.IndexOf('\n');
            var piece = length < 0 ? rest : rest[..length];
            var kept = Math.Min(piece.Length, longest - _line.Length);
            _line.Append(piece[..kept]);
            cut += piece.Length - kept;
            _at += length < 0 ? rest.Length : length + 1;
            if (length >= 0)
            {
                return (_line.ToString(), cut);
            }
        }
    }
}
