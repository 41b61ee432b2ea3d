namespace Temper.Coordinator.Web.Live;

/// <summary>Something that changes and can be read again and again.</summary>
/// <typeparam name="T">What is read, as a whole that never changes itself.</typeparam>
/// <param name="Key">Tells it from everything else: who wants the same shares one reading.</param>
/// <param name="Every">How long to wait between readings.</param>
/// <param name="Read">Reads it; given what was read last. Null if there is no such thing.</param>
/// <param name="IsFinal">Whether it will not change any more.</param>
internal sealed record Source<T>(string Key, TimeSpan Every, Func<T?, Task<T?>> Read, Func<T, bool> IsFinal)
    where T : class;
