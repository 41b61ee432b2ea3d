using System.Text;

namespace Temper.Mixture.Tests.Vocabularies;

/// <summary>Writes model files for tests: messages of the protocol-buffer format merge when they are put one after another.</summary>
internal static class SentencePieceFiles
{
    /// <summary>The model with sentinels as its last pieces, the way seqio adds them.</summary>
    public static byte[] WithSentinels(byte[] model, int count, string before = "\u2581") =>
        [.. model, .. Enumerable.Range(0, count).Reverse().SelectMany(index => Piece($"{before}<extra_id_{index}>", 0, type: 4))];

    /// <summary>A piece of a model.</summary>
    public static byte[] Piece(string text, float score, byte type = 1)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        return Field(1, [0x0A, (byte)utf8.Length, .. utf8, 0x15, .. BitConverter.GetBytes(score), 0x18, type]);
    }

    /// <summary>Pieces with the ids that T5 gives padding, end of sequence and unknown.</summary>
    public static byte[] SpecialPieces() => [.. Piece("<pad>", 0, type: 3), .. Piece("</s>", 0, type: 3), .. Piece("<unk>", 0, type: 2)];

    /// <summary>Sets a small number of the trainer's settings (field 2 of a model).</summary>
    public static byte[] TrainerSetting(int field, byte value) => Field(2, Number(field, value));

    /// <summary>Sets a switch of the normaliser's settings (field 3 of a model).</summary>
    public static byte[] NormalizerSetting(int field, bool value) => Field(3, Number(field, value ? (byte)1 : (byte)0));

    private static byte[] Number(int field, byte value) => field < 16 ? [(byte)(field << 3), value] : [(byte)((field << 3 & 0x7F) | 0x80), (byte)(field >> 4), value];

    private static byte[] Field(int number, byte[] message) => [(byte)(number << 3 | 2), (byte)message.Length, .. message];
}
