using System.CommandLine;
using System.Text.Json.Nodes;
using Temper.Cli.Files;
using Temper.Worker.Devices;
using Temper.Worker.Evaluation;
using Temper.Worker.Model;
using Temper.Worker.Models;
using Precision = Temper.Contracts.Specs.Precision;

namespace Temper.Cli.Commands;

/// <summary><c>temper decode</c>: greedy predictions for rows of JSON Lines.</summary>
internal static class DecodeCommand
{
    public static Command Create()
    {
        var model = ModelOptions.Model();
        var input = ModelOptions.Input("JSON Lines with \"inputs\" (text) or \"input_ids\".");
        var output = OutputFile.Option("The same rows with \"output_ids\" and, where there is a vocabulary, \"prediction\".");
        var limit = Numbers.Whole("--max-new-tokens", "Most tokens of a prediction.", 1, 65_536, () => 128);
        var batch = ModelOptions.Batch();
        var device = ModelOptions.Device();
        var threads = ModelOptions.Threads();
        var inputLength = ModelOptions.InputLength();
        var precision = ModelOptions.Precision();
        var command = new Command("decode", "Predict the targets of rows, greedily.") { model, input, output, limit, batch, device, threads, inputLength, precision };
        command.SetAction(result =>
        {
            var place = ModelOptions.Take(result.GetValue(device), result.GetValue(threads));
            var models = ModelOptions.Open(result.GetRequiredValue(model));
            Decode(models, ModelOptions.Products(result.GetValue(precision), models), place, result.GetRequiredValue(input), result.GetRequiredValue(output), result.GetValue(limit), result.GetValue(batch), result.GetValue(inputLength));
            return ExitCodes.Success;
        });
        return command;
    }

    private static void Decode(ModelSet models, Precision precision, ComputeDevice device, FileInfo input, OutputFile output, int limit, int batch, int? inputLength)
    {
        var rows = JsonRows.Read(input);
        var decoder = new TextDecoder(models.Vocabulary, inputLength ?? int.MaxValue, batch);
        var ids = rows.Select((row, i) => JsonRows.Ids(row, i + 1, "inputs", "input_ids", models, decoder.Ids)).ToArray();
        using var predictor = models.Load(precision, device);
        var predictions = Finite(models, () => decoder.PredictIds(predictor, ids, limit, () => { }));
        foreach (var (row, prediction) in rows.Zip(predictions))
        {
            row["output_ids"] = new JsonArray([.. prediction.Select(id => JsonValue.Create(id))]);
            if (models.Vocabulary is { } vocabulary)
            {
                row["prediction"] = vocabulary.Decode(prediction);
            }
        }

        JsonRows.Write(output, rows);
    }

    private static int[][] Finite(ModelSet models, Func<int[][]> predict)
    {
        try
        {
            return predict();
        }
        catch (NonFiniteException e)
        {
            throw new NonFiniteException($"{models.Name}: {e.Message}", e.Row);
        }
    }
}
