using System.CommandLine;
using System.Globalization;
using Temper.Cli.Files;
using Temper.Mixture.Vocabularies;

namespace Temper.Cli.Commands;

/// <summary><c>temper tokenize</c>: text to ids, a line each.</summary>
internal static class TokenizeCommand
{
    public static Command Create()
    {
        var vocabulary = new Option<string>("--vocab") { Description = "A SentencePiece model file, or 'bytes'.", Required = true };
        var input = ModelOptions.Input("Text, a line an example.");
        var output = OutputFile.Option("Ids separated by spaces, a line an example, without end of sequence.");
        var extraIds = Numbers.Whole("--extra-ids", "Sentinels on top of the model's own pieces: 100 for T5. Without them <extra_id_0> is ordinary text, as for spm_encode.", 0, 10_000, () => 0);
        var command = new Command("tokenize", "Turn lines of text into lines of ids.") { vocabulary, input, output, extraIds };
        command.SetAction(result => Tokenize(Open(result.GetRequiredValue(vocabulary), result.GetValue(extraIds)), result.GetRequiredValue(input), result.GetRequiredValue(output)));
        return command;
    }

    private static IVocabulary Open(string name, int extraIds) => name == "bytes" ? new ByteVocabulary(extraIds) : SentencePieceVocabulary.Load(name, extraIds);

    private static int Tokenize(IVocabulary vocabulary, FileInfo input, OutputFile output)
    {
        // Only line feeds end lines: other line ends are text, as for other tokenizers. All are read before any is written.
        var lines = InputLines.Read(input).Select(line => line.Text + line.End.TrimEnd('\n')).ToList();
        output.Write(writer =>
        {
            foreach (var line in lines)
            {
                writer.WriteLine(string.Join(' ', vocabulary.Encode(line).Select(id => id.ToString(CultureInfo.InvariantCulture))));
            }
        });
        return ExitCodes.Success;
    }
}
