using System.Globalization;
using System.Text;

namespace Temper.Mixture.Vocabularies;

/// <summary>Shows rows of ids to people, sentinels included: not every vocabulary decodes them.</summary>
public static class SentinelText
{
    /// <summary>How a sentinel is written: <c>&lt;extra_id_0&gt;</c>.</summary>
    public static string Of(int index) => string.Create(CultureInfo.InvariantCulture, $"<extra_id_{index}>");

    /// <summary>The text of <paramref name="ids"/> up to the first end of sequence, with the sentinels in it.</summary>
    public static string Show(IVocabulary vocabulary, ReadOnlySpan<int> ids)
    {
        if (vocabulary.SentinelCount == 0 || vocabulary.Decode([vocabulary.Sentinel(0)]).Length > 0)
        {
            return vocabulary.Decode(ids);
        }

        var end = ids.IndexOf(SpecialIds.Eos);
        var text = new StringBuilder();
        var start = 0;
        ids = end < 0 ? ids : ids[..end];
        for (var i = 0; i < ids.Length; i++)
        {
            if (vocabulary.Size - 1 - ids[i] is var index && index >= 0 && index < vocabulary.SentinelCount)
            {
                text.Append(vocabulary.Decode(ids[start..i])).Append(Of(index));
                start = i + 1;
            }
        }

        return text.Append(vocabulary.Decode(ids[start..])).ToString();
    }
}
