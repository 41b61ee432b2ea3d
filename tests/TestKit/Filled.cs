using System.Collections;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Temper.TestKit;

/// <summary>
/// Makes a value of any type with every part set, the same value each time. Golden files of formats are made from such values, so that no part of a
/// format is left out and none is added unseen.
/// </summary>
public sealed class Filled
{
    private readonly HashSet<Type> _enums = [];
    private readonly Stack<Type> _open = [];

    /// <summary>The enums that the values made so far contain.</summary>
    public IEnumerable<Type> Enums => _enums;

    /// <summary>A value of <typeparamref name="T"/>.</summary>
    public T Of<T>() => (T)Of(typeof(T))!;

    /// <summary>A value of a type; null only where a type contains itself.</summary>
    public object? Of(Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum)
        {
            _enums.Add(type);
            var values = Enum.GetValues(type);
            return values.GetValue(values.Length - 1);
        }

        return Simple(type) ?? Collection(type) ?? (Variants(type) is [{ } first, ..] ? Of(first) : Parts(type));
    }

    private static object? Simple(Type type) => type switch
    {
        _ when type == typeof(string) => "text",
        _ when type == typeof(bool) => true,
        _ when type == typeof(int) => 7,
        _ when type == typeof(long) => 70_000_000_000L,
        _ when type == typeof(ulong) => 7UL,
        _ when type == typeof(double) => 0.5,
        _ when type == typeof(float) => 0.5f,
        _ when type == typeof(DateTimeOffset) => new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero),
        _ when type == typeof(TimeSpan) => new TimeSpan(1, 2, 3),
        _ when type == typeof(JsonElement) => JsonSerializer.Deserialize<JsonElement>("""{"key":1}"""),
        _ => null,
    };

    private IEnumerable? Collection(Type type)
    {
        if (type.IsArray)
        {
            return ArrayOf(type.GetElementType()!);
        }

        if (!type.IsGenericType || !typeof(IEnumerable).IsAssignableFrom(type))
        {
            return null;
        }

        var arguments = type.GetGenericArguments();
        if (arguments is not [var key, var value])
        {
            var array = ArrayOf(arguments[0]);
            return type.IsInstanceOfType(array) ? array : (IEnumerable)Activator.CreateInstance(type, array)!;
        }

        var dictionary = type.IsInterface ? typeof(Dictionary<,>).MakeGenericType(key, value) : type;
        var made = (IDictionary)Activator.CreateInstance(dictionary)!;
        made.Add(Of(key)!, Of(value));
        return made;
    }

    /// <summary>One of each kind of element.</summary>
    private Array ArrayOf(Type element)
    {
        var elements = (Variants(element) is { Count: > 0 } variants ? variants : [element]).Select(Of).Where(made => made is not null).ToList();
        var array = Array.CreateInstance(element, elements.Count);
        foreach (var (i, made) in elements.Index())
        {
            array.SetValue(made, i);
        }

        return array;
    }

    private static List<Type> Variants(Type type) => [.. type.GetCustomAttributes<JsonDerivedTypeAttribute>(inherit: false).Select(variant => variant.DerivedType)];

    private object? Parts(Type type)
    {
        if (_open.Contains(type))
        {
            return null;
        }

        _open.Push(type);
        var constructor = type.GetConstructors().OrderByDescending(candidate => candidate.GetParameters().Length).First();
        var parameters = constructor.GetParameters();
        var made = constructor.Invoke([.. parameters.Select(parameter => Of(parameter.ParameterType))]);
        foreach (var property in type.GetProperties().Where(property => property.SetMethod is { IsPublic: true } && parameters.All(parameter => parameter.Name != property.Name)))
        {
            property.SetValue(made, Of(property.PropertyType));
        }

        _open.Pop();
        return made;
    }
}
