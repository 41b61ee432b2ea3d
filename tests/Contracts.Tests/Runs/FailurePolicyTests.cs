using Temper.Contracts.Runs;

namespace Temper.Contracts.Tests.Runs;

public class FailurePolicyTests
{
    [Fact]
    public void Every_cause_has_one_row() => Assert.Equal(
        typeof(FailureCauses).GetFields().Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!).Order(StringComparer.Ordinal),
        FailurePolicy.Table.Select(policy => policy.Cause).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData(FailureCauses.AgentLost, AttemptBudget.None)]
    [InlineData(FailureCauses.AgentDrained, AttemptBudget.None)]
    [InlineData(FailureCauses.StorageFull, AttemptBudget.None)]
    [InlineData(FailureCauses.StorageUnreadable, AttemptBudget.None)]
    [InlineData(FailureCauses.TrainerDied, AttemptBudget.Own)]
    [InlineData(FailureCauses.NoProgress, AttemptBudget.Own)]
    [InlineData(FailureCauses.OutOfMemory, AttemptBudget.Own)]
    [InlineData(FailureCauses.SourcesDiffer, AttemptBudget.Ends)]
    public void What_is_not_the_runs_fault_spends_no_attempt_and_a_users_error_ends_at_once(string cause, AttemptBudget budget) =>
        Assert.Equal(budget, FailurePolicy.Of(cause).Budget);

    // Whatever a user must mend ends at once, and whatever is tried for ever is nobody's fault who could mend it in the spec.
    [Fact]
    public void Fault_and_budget_agree() => Assert.All(FailurePolicy.Table, policy =>
    {
        Assert.True(policy.Fault != Fault.User || policy.Budget == AttemptBudget.Ends, policy.Cause);
        Assert.True(policy.Budget != AttemptBudget.None || policy.Fault == Fault.Infrastructure, policy.Cause);
        Assert.True(policy.Budget != AttemptBudget.None || policy.IsResumable, policy.Cause);
    });

    [Fact]
    public void Waiting_grows_from_the_first_delay_by_the_factor_up_to_the_limit()
    {
        var wait = new BackOff(1, 5, 2, 30);

        Assert.Equal([0, 5, 10, 20, 30, 30], Enumerable.Range(1, 6).Select(failures => (int)wait.After(failures).TotalSeconds));
        Assert.Equal(TimeSpan.FromSeconds(30), wait.After(int.MaxValue));
        Assert.Equal(TimeSpan.Zero, BackOff.Never.After(int.MaxValue));
    }

    [Fact]
    public void A_full_disk_is_looked_at_again_after_seconds_and_later_minutes() => Assert.Equal(
        [2, 4, 8, 16, 32, 64, 128, 256, 300, 300],
        Enumerable.Range(1, 10).Select(failures => (int)FailurePolicy.Of(FailureCauses.StorageFull).BackOff.After(failures).TotalSeconds));

    [Fact]
    public void A_cause_of_a_newer_program_is_treated_as_an_error_of_the_trainer() =>
        Assert.Equal(FailureCauses.TrainerError, FailurePolicy.Of("solar_flare").Cause);
}
