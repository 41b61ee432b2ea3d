using System.Text;

namespace Temper.Mixture.Sources;

/// <summary>
/// Collects the fields of one CSV record (RFC 4180), line by line, since a quoted field may run over several lines.
/// A record is open while a quote is.
/// </summary>
internal sealed class CsvRecord(SourceFile file)
{
    private readonly List<string> _fields = [];
    private readonly StringBuilder _field = new();
    private State _state;

    private enum State
    {
        FieldStart,
        Plain,
        Quoted,
        QuoteInQuoted,
    }

    /// <summary>Line of the record's first character.</summary>
    public long FirstLine { get; private set; }

    public bool IsOpen => _state == State.Quoted;

    public void Append(TextLine line)
    {
        if (!IsOpen)
        {
            FirstLine = line.Number;
        }

        foreach (var c in line.Text)
        {
            _state = Next(c, line.Number);
        }

        if (IsOpen)
        {
            _field.Append(line.End);
        }
        else
        {
            EndField();
        }
    }

    /// <summary>The fields collected so far; the record starts anew.</summary>
    public string[] Take()
    {
        string[] fields = [.. _fields];
        _fields.Clear();
        return fields;
    }

    private State Next(char c, long line)
    {
        switch (_state, c)
        {
            case (State.FieldStart, '"'):
                return State.Quoted;
            case (State.Quoted, '"'):
                return State.QuoteInQuoted;
            case (State.QuoteInQuoted, '"'):
                _field.Append('"');
                return State.Quoted;
            case (not State.Quoted, ','):
                return EndField();
            case (State.Plain, '"'):
                throw new SourceException(file.At(line), "A quote stands inside an unquoted field. Quote the whole field and double the quotes in it, or use 'format: tsv' where quotes are ordinary characters.");
            case (State.QuoteInQuoted, _):
                throw new SourceException(file.At(line), $"'{c}' follows a closing quote. Double the quotes inside a quoted field, or use 'format: tsv' where quotes are ordinary characters.");
            default:
                _field.Append(c);
                return _state == State.Quoted ? State.Quoted : State.Plain;
        }
    }

    private State EndField()
    {
        _fields.Add(_field.ToString());
        _field.Clear();
        return _state = State.FieldStart;
    }
}
