namespace Temper.Mixture.Builtin;

/// <summary>A language of the built-in tasks.</summary>
/// <param name="Code">As CLDR names it.</param>
/// <param name="Name">As T5's prefixes name it.</param>
internal sealed record Language(string Code, string Name)
{
    public static readonly Language English = new("en", "English");

    public static readonly Language German = new("de", "German");

    public static readonly Language French = new("fr", "French");

    public static readonly Language Romanian = new("ro", "Romanian");

    /// <summary>T5's three target languages.</summary>
    public static readonly IReadOnlyList<Language> Foreign = [German, French, Romanian];
}
