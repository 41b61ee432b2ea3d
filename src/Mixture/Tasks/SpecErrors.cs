namespace Temper.Mixture.Tasks;

/// <summary>Collects the mistakes of one task, each once, so that all can be reported together.</summary>
internal sealed class SpecErrors(string path)
{
    private readonly List<SpecError> _errors = [];

    public IReadOnlyList<SpecError> All => _errors;

    public bool Any => _errors.Count > 0;

    /// <summary>Adds a mistake.</summary>
    /// <param name="place">Place below the task, such as <c>train.files[0]</c>; empty for the task itself.</param>
    /// <param name="message">What is wrong and what would be right.</param>
    public void Add(string place, string message)
    {
        var error = new SpecError(place.Length == 0 ? path : $"{path}.{place}", message);
        if (!_errors.Contains(error))
        {
            _errors.Add(error);
        }
    }
}
