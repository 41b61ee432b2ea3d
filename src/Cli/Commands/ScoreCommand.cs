using System.CommandLine;
using Temper.Cli.Files;
using Temper.Mixture.Examples;
using Temper.Mixture.Vocabularies;
using Temper.Worker.Devices;
using Temper.Worker.Evaluation;
using Temper.Worker.Model;
using Temper.Worker.Models;
using Precision = Temper.Contracts.Specs.Precision;

namespace Temper.Cli.Commands;

/// <summary><c>temper score</c>: log probabilities of given targets.</summary>
internal static class ScoreCommand
{
    public static Command Create()
    {
        var model = ModelOptions.Model();
        var input = ModelOptions.Input("JSON Lines with \"inputs\" and \"targets\" (text), or \"input_ids\" and \"target_ids\".");
        var output = OutputFile.Option("The same rows with \"score\" (the sum of the targets' log probabilities, in nats) and \"tokens\".");
        var batch = ModelOptions.Batch();
        var device = ModelOptions.Device();
        var threads = ModelOptions.Threads();
        var inputLength = ModelOptions.InputLength();
        var precision = ModelOptions.Precision();
        var command = new Command("score", "Score given targets of rows by their log probability.") { model, input, output, batch, device, threads, inputLength, precision };
        command.SetAction(result =>
        {
            var place = ModelOptions.Take(result.GetValue(device), result.GetValue(threads));
            var models = ModelOptions.Open(result.GetRequiredValue(model));
            Score(models, ModelOptions.Products(result.GetValue(precision), models), place, result.GetRequiredValue(input), result.GetRequiredValue(output), result.GetValue(batch), result.GetValue(inputLength));
            return ExitCodes.Success;
        });
        return command;
    }

    private static void Score(ModelSet models, Precision precision, ComputeDevice device, FileInfo input, OutputFile output, int batch, int? inputLength)
    {
        var rows = JsonRows.Read(input);
        var text = new TextDecoder(models.Vocabulary, inputLength ?? int.MaxValue, batch);
        var inputs = rows.Select((row, i) => JsonRows.Ids(row, i + 1, "inputs", "input_ids", models, text.Ids)).ToArray();
        var targets = rows.Select((row, i) => JsonRows.Ids(row, i + 1, "targets", "target_ids", models, whole => [.. models.Vocabulary!.Encode(whole), SpecialIds.Eos])).ToArray();
        using var predictor = models.Load(precision, device);
        var loss = new TargetScorer(batch).Score(predictor, [.. inputs.Zip(targets, (input, target) => new TokenRow(input, target))], () => { });
        foreach (var (i, row) in rows.Index())
        {
            if (!double.IsFinite(loss.RowLoss[i]))
            {
                throw new NonFiniteException($"{models.Name}: Row {i + 1} has a score that is not finite: a weight of the model is so large that the computation overflows. Take another checkpoint of it.", i);
            }

            row["score"] = -loss.RowLoss[i];
            row["tokens"] = loss.RowTokens[i];
        }

        JsonRows.Write(output, rows);
    }
}
