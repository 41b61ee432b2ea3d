using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Temper.Contracts.Agents;
using Temper.Coordinator.Runs;
using Temper.TestKit;

namespace Temper.Coordinator.Tests.Formats;

/// <summary>
/// How Orleans tells grains, methods and parts of records of two versions apart: by aliases and numbers, none of which may change or be used again.
/// </summary>
public class WireFormatTests
{
    [Fact]
    public void Grains_and_records_have_the_names_that_they_had()
    {
        var types = new[] { typeof(IAgentGrain).Assembly, typeof(IRunGrain).Assembly }.SelectMany(assembly => assembly.GetTypes()).ToList();
        var grains = types.Where(type => type.IsInterface && typeof(IGrain).IsAssignableFrom(type)).SelectMany(type => type.GetMethods()
            .Select(method => $"{Alias(type)}.{method.GetCustomAttribute<AliasAttribute>()?.Alias}({string.Join(", ", method.GetParameters().Select(parameter => Name(parameter.ParameterType)))}): {Name(method.ReturnType)}"));
        var records = types.Where(type => type.GetCustomAttribute<GenerateSerializerAttribute>() is not null).SelectMany(type => type.GetProperties()
            .Select(property => (Property: property, property.GetCustomAttribute<IdAttribute>()?.Id))
            .Where(part => part.Id is not null)
            .Select(part => string.Create(CultureInfo.InvariantCulture, $"{Alias(type)} {part.Id}: {Name(part.Property.PropertyType)}")));

        FormatFile.Is("orleans-wire.txt", string.Join('\n', grains.Order(StringComparer.Ordinal).Append("").Concat(records.Order(StringComparer.Ordinal))));
    }

    private static string Alias(MemberInfo type) => type.GetCustomAttribute<AliasAttribute>()?.Alias ?? $"no alias: {type.Name}";

    private static string Name(Type type) => (Nullable.GetUnderlyingType(type), type) switch
    {
        ({ } inner, _) => $"{Name(inner)}?",
        (_, { IsEnum: true }) => $"enum({string.Join(' ', Enum.GetNames(type).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName))})",
        (_, { IsGenericType: true }) => $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>",
        _ => type.GetCustomAttribute<AliasAttribute>()?.Alias ?? type.Name,
    };
}
