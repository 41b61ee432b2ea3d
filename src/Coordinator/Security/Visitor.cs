using Temper.Coordinator.Store;

namespace Temper.Coordinator.Security;

/// <summary>Somebody who looks at the page.</summary>
/// <param name="KeyId">The API key that lets them in; null where none is needed.</param>
/// <param name="Name">Who holds the key.</param>
/// <param name="Role">What they may do.</param>
public sealed record Visitor(string? KeyId, string Name, Role Role)
{
    /// <summary>Everybody at a coordinator of this machine that has no key.</summary>
    public static readonly Visitor OfThisMachine = new(null, "this machine", Role.Admin);

    internal static Visitor Of(ApiKey key) => new(key.Id, key.Name, key.Role);

    /// <summary>Whether they may submit, pause, resume and cancel.</summary>
    public bool MayChange => Role >= Role.Submitter;
}
