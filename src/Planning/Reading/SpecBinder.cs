using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Temper.Mixture;
using Temper.Mixture.Tasks;

namespace Temper.Planning.Reading;

/// <summary>
/// Makes positional records from a JSON tree and reports every mistake, with its path, instead of stopping at the first as
/// serializers do. Wrong values are left out of what it makes, so that its meaning can be checked too before anybody is answered. Keys are parameter names in snake_case; what a parameter's property carries in <see cref="RangeAttribute"/> and
/// <see cref="RegularExpressionAttribute"/> is checked.
/// </summary>
internal static class SpecBinder
{
    /// <summary>Binds the whole document.</summary>
    public static T? Bind<T>(JsonNode? document, List<SpecError> errors)
        where T : class => (T?)Value(document, typeof(T), null, "", errors);

    /// <summary>The key of a parameter or property: its name in snake_case.</summary>
    public static string Key(string name) => JsonNamingPolicy.SnakeCaseLower.ConvertName(name);

    /// <summary>What can be written in a record, in its order.</summary>
    public static ParameterInfo[] Parameters(Type type) => Constructor(type).GetParameters();

    private static ConstructorInfo Constructor(Type type) => type.GetConstructors().MaxBy(constructor => constructor.GetParameters().Length)!;

    private static object? Value(JsonNode? node, Type type, PropertyInfo? property, string path, List<SpecError> errors)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        var value = node switch
        {
            null => Wrong(path, "is empty", Expectation(type), errors),
            _ when type == typeof(string) => Text(node, path, errors),
            _ when type == typeof(bool) => node.GetValueKind() is JsonValueKind.True or JsonValueKind.False ? node.GetValue<bool>() : Wrong(path, $"is {Show(node)}", "true or false", errors),
            _ when type == typeof(int) || type == typeof(long) => Integer(node, type, path, errors),
            _ when type == typeof(double) => Float(node, path, errors),
            _ when type.IsEnum => EnumValue(node, type, path, errors),
            _ when Element(type, typeof(IReadOnlyList<>)) is { } item => List(node, item, path, errors),
            _ when Element(type, typeof(IReadOnlyDictionary<,>)) is { } entry => Dictionary(node, entry, path, errors),
            _ => Record(node, type, path, errors),
        };
        // A value out of its range gives way to a stand-in like one of a wrong type: what is checked next may divide by it.
        return value is null || property is null || MeetsConstraints(value, property, path, errors) ? value : null;
    }

    private static object? Record(JsonNode node, Type type, string path, List<SpecError> errors)
    {
        if (node is not JsonObject given)
        {
            return Wrong(path, $"is {Show(node)}", "an object with keys", errors);
        }

        var constructor = Constructor(type);
        var parameters = constructor.GetParameters();
        var keys = parameters.Select(p => Key(p.Name!)).ToList();
        foreach (var unknown in given.Select(pair => pair.Key).Except(keys))
        {
            errors.Add(new SpecError(Join(path, unknown), $"There is no such key.{Suggestion.For(unknown, keys)} Known here: {string.Join(", ", keys)}."));
        }

        return constructor.Invoke([.. parameters.Select(p => Argument(given, p, type.GetProperty(p.Name!)!, path, errors))]);
    }

    private static object? Argument(JsonObject given, ParameterInfo parameter, PropertyInfo property, string path, List<SpecError> errors)
    {
        var key = Key(parameter.Name!);
        var otherwise = parameter.HasDefaultValue ? parameter.DefaultValue : Placeholder(parameter.ParameterType);
        if (given[key] is { } node)
        {
            return Value(node, parameter.ParameterType, property, Join(path, key), errors) ?? otherwise;
        }

        if (!parameter.HasDefaultValue)
        {
            errors.Add(new SpecError(Join(path, key), $"This is missing. Write {Expectation(parameter.ParameterType)}."));
            return otherwise;
        }

        if (given.ContainsKey(key) && new NullabilityInfoContext().Create(property).WriteState == NullabilityState.NotNull)
        {
            errors.Add(new SpecError(Join(path, key), $"The value is empty. Write {Expectation(parameter.ParameterType)}, or leave the key out for {parameter.DefaultValue}."));
        }

        return otherwise;
    }

    // Stands in for a required value that is missing or wrong, so that what surrounds it can still be checked.
    private static object Placeholder(Type type) => type switch
    {
        _ when type == typeof(string) => "",
        _ when type == typeof(int) => 1,
        _ when type.IsEnum => Enum.ToObject(type, 0),
        _ when Element(type, typeof(IReadOnlyList<>)) is not null => Value(new JsonArray(), type, null, "", [])!,
        _ when type.IsInterface => Value(new JsonObject(), type, null, "", [])!,
        _ => Record(new JsonObject(), type, "", [])!,
    };

    private static object? List(JsonNode node, Type item, string path, List<SpecError> errors)
    {
        if (node is not JsonArray array)
        {
            return Wrong(path, $"is {Show(node)}", "a list", errors);
        }

        var values = array.Select((node, i) => Value(node, item, null, $"{path}[{i}]", errors)).OfType<object>().ToArray();
        var list = Array.CreateInstance(item, values.Length);
        values.CopyTo(list, 0);
        return list;
    }

    private static object? Dictionary(JsonNode node, Type entry, string path, List<SpecError> errors)
    {
        if (node is not JsonObject given)
        {
            return Wrong(path, $"is {Show(node)}", "an object with keys", errors);
        }

        // A sorted dictionary: the order of keys in a file must not decide anything.
        var type = typeof(SortedDictionary<,>).MakeGenericType(typeof(string), entry);
        var result = (System.Collections.IDictionary)Activator.CreateInstance(type, StringComparer.Ordinal)!;
        foreach (var (key, child) in given)
        {
            if (Value(child, entry, null, Join(path, key), errors) is { } value)
            {
                result.Add(key, value);
            }
        }

        return result;
    }

    // Numbers and truth values are taken as the text that was written: a label 0 need not be quoted.
    private static object? Text(JsonNode node, string path, List<SpecError> errors) => node.GetValueKind() switch
    {
        JsonValueKind.String => node.GetValue<string>(),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => node.ToJsonString(),
        _ => Wrong(path, $"is {Show(node)}", "a text", errors),
    };

    private static object? Integer(JsonNode node, Type type, string path, List<SpecError> errors)
    {
        if (node.GetValueKind() == JsonValueKind.Number
            && decimal.TryParse(node.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && number == decimal.Truncate(number))
        {
            switch (number)
            {
                case >= int.MinValue and <= int.MaxValue when type == typeof(int):
                    return (int)number;
                case >= long.MinValue and <= long.MaxValue when type == typeof(long):
                    return (long)number;
            }
        }

        return Wrong(path, $"is {Show(node)}", "a whole number", errors);
    }

    private static object? Float(JsonNode node, string path, List<SpecError> errors)
    {
        // YAML 1.1 readers take 1e-3 for a text, and so do people's habits: accept the text of a number.
        var text = node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : node.ToJsonString();
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number
            : Wrong(path, $"is {Show(node)}", "a number", errors);
    }

    private static object? EnumValue(JsonNode node, Type type, string path, List<SpecError> errors)
    {
        var names = Enum.GetNames(type);
        var text = node.GetValueKind() == JsonValueKind.String ? node.GetValue<string>() : node.ToJsonString();
        if (names.FirstOrDefault(name => EnumKey(name) == text) is { } match)
        {
            return Enum.Parse(type, match);
        }

        var keys = names.Select(EnumKey).ToList();
        return Wrong(path, $"is {Show(node)}", $"one of {string.Join(", ", keys)}.{Suggestion.For(text, keys)}".TrimEnd('.'), errors);
    }

    /// <summary>How an enum member is written: <c>V1_0</c> as <c>v1_0</c>, <c>InverseSquareRoot</c> as <c>inverse_square_root</c>.</summary>
    public static string EnumKey(string name) => name.Contains('_') ? name.ToLowerInvariant() : Key(name);

    private static bool MeetsConstraints(object value, PropertyInfo property, string path, List<SpecError> errors)
    {
        var before = errors.Count;
        if (property.GetCustomAttribute<RangeAttribute>() is { } range)
        {
            var number = Convert.ToDouble(value, CultureInfo.InvariantCulture);
            var least = Convert.ToDouble(range.Minimum, CultureInfo.InvariantCulture);
            var most = Convert.ToDouble(range.Maximum, CultureInfo.InvariantCulture);
            if (!(number >= least && number <= most))
            {
                var bound = most >= long.MaxValue ? $"at least {range.Minimum}" : $"{range.Minimum} to {range.Maximum}";
                errors.Add(new SpecError(path, string.Create(CultureInfo.InvariantCulture, $"The value {value} is out of range. Write {bound}.")));
            }
        }

        if (property.GetCustomAttribute<RegularExpressionAttribute>() is { } pattern && !Matches((string)value, pattern.Pattern))
        {
            var what = property.GetCustomAttribute<System.ComponentModel.DescriptionAttribute>()?.Description ?? $"a text like {pattern.Pattern}";
            errors.Add(new SpecError(path, $"The value '{value}' is not allowed here. {what}"));
        }

        return errors.Count == before;
    }

    // All of it: to .NET a $ matches before a last line feed too.
    private static bool Matches(string value, string pattern) => Regex.Match(value, pattern) is { Success: true, Index: 0 } match && match.Length == value.Length;

    /// <summary>What a list or dictionary holds; null for any other type.</summary>
    public static Type? Element(Type type, Type generic) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == generic ? type.GetGenericArguments()[^1] : null;

    private static string Expectation(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type switch
        {
            _ when type == typeof(string) => "a text",
            _ when type == typeof(bool) => "true or false",
            _ when type == typeof(int) || type == typeof(long) => "a whole number",
            _ when type == typeof(double) => "a number",
            _ when type.IsEnum => $"one of {string.Join(", ", Enum.GetNames(type).Select(EnumKey))}",
            _ when Element(type, typeof(IReadOnlyList<>)) is not null => "a list",
            _ => "an object with keys",
        };
    }

    private static object? Wrong(string path, string what, string right, List<SpecError> errors)
    {
        errors.Add(new SpecError(path.Length == 0 ? "$" : path, $"The value {what}. Write {right}."));
        return null;
    }

    private static string Show(JsonNode node) => node switch
    {
        JsonObject => "an object",
        JsonArray => "a list",
        _ when node.ToJsonString() is { Length: > 60 } text => text[..60] + "…",
        _ => node.ToJsonString(),
    };

    private static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";
}
