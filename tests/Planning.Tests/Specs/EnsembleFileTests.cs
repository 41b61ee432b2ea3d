using Temper.Contracts.Specs;
using Temper.Mixture.Tasks;
using Temper.Mixture.Vocabularies;
using Temper.Planning.Models;

namespace Temper.Planning.Tests.Specs;

public sealed class EnsembleFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("temper-ensemble-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Members_are_relative_where_there_is_a_common_parent_and_absolute_where_there_is_none()
    {
        EnsembleFile.Write(_folder, Combination.Logits, ["/runs/a/model", "/runs/both/inner", "/models/b"], home: "/runs/both/model");

        Assert.Equal("""{"combine":"logits","members":["../../a/model","../inner","/models/b"]}""", File.ReadAllText(Path.Combine(_folder, "ensemble.json")));
    }

    [Fact]
    public void What_is_written_is_read_as_absolute_folders()
    {
        string[] members = [Directory.CreateDirectory(Path.Combine(_folder, "a")).FullName, Directory.CreateDirectory(Path.Combine(_folder, "b")).FullName];
        var home = Directory.CreateDirectory(Path.Combine(_folder, "both")).FullName;
        EnsembleFile.Write(home, Combination.Weights, members, home);

        var read = EnsembleFile.Read(home);

        Assert.True(EnsembleFile.IsIn(home));
        Assert.False(EnsembleFile.IsIn(_folder));
        Assert.Equal(Combination.Weights, read.Combine);
        Assert.Equal(members, read.Members);
    }

    [Fact]
    public void A_run_does_not_start_from_an_ensemble()
    {
        var home = Directory.CreateDirectory(Path.Combine(_folder, "both")).FullName;
        EnsembleFile.Write(home, Combination.Logits, [Path.Combine(_folder, "a")], home);
        var errors = new List<SpecError>();

        Assert.Null(ModelResolver.Resolve(new ModelSpec(Members: ["both"]), new ByteVocabulary(100), new PlanningContext([_folder]), errors));

        var error = Assert.Single(errors);
        Assert.Equal("model.members[0]", error.Path);
        Assert.Contains("both is an ensemble. Name the members", error.Message);
    }
}
