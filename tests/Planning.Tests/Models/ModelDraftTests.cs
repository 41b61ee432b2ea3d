using Temper.Planning.Models;

namespace Temper.Planning.Tests.Models;

public sealed class ModelDraftTests : IDisposable
{
    private readonly string _output = Directory.CreateTempSubdirectory("temper-draft-").FullName;

    public void Dispose() => Directory.Delete(_output, recursive: true);

    [Fact]
    public void A_draft_takes_the_place_of_what_was_there_and_the_others_go()
    {
        Make("model", "model.epoch-1", "model.epoch-2", "model.epoch-1.0a.unfinished", "model.4711.unfinished", "models", "model.mine", "checkpoints");

        ModelDraft.Publish(_output, ModelDraft.NameOf(2));
        ModelDraft.Publish(_output, ModelDraft.NameOf(2));

        Assert.Equal("model.epoch-2", File.ReadAllText(Path.Combine(_output, "model", "weights")));
        Assert.Equal(["checkpoints", "model", "model.mine", "models"], Names());
    }

    [Fact]
    public void A_publication_that_was_interrupted_while_it_made_way_goes_on()
    {
        Make("model.epoch-2", "model.replaced.unfinished");

        ModelDraft.Publish(_output, "model.epoch-2");

        Assert.Equal(["model"], Names());
    }

    [Fact]
    public void Where_there_is_neither_draft_nor_model_nothing_can_be_published()
    {
        Make("model.epoch-1");

        var error = Assert.Throws<DirectoryNotFoundException>(() => ModelDraft.Publish(_output, "model.epoch-2"));

        Assert.StartsWith($"There is neither model.epoch-2 nor model in {_output}.", error.Message);
        Assert.Equal(["model.epoch-1"], Names());
    }

    [Fact]
    public void An_epoch_that_begins_deletes_no_draft_of_a_newer_one()
    {
        Make("model", "model.epoch-1", "model.epoch-2", "model.epoch-3", "model.epoch-3.0a.unfinished", "model.epoch-2.unfinished", "model.0a.unfinished");

        ModelDraft.DeleteAll(_output, newest: 2);

        Assert.Equal(["model", "model.epoch-3", "model.epoch-3.0a.unfinished"], Names());
    }

    private void Make(params IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(_output, name)).FullName, "weights"), name);
        }
    }

    private IEnumerable<string> Names() => Directory.GetDirectories(_output).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);
}
