using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Temper.Contracts.Experiments;
using Temper.Contracts.Specs;
using Temper.Planning.Reading;

namespace Temper.Planning.Schemas;

/// <summary>
/// The JSON Schema (2020-12) of what can be written in a spec, for editors and for the reference: made from the records that <see cref="SpecBinder"/>
/// makes. It is never stricter than the readers, who alone decide; what takes more than one value to judge is left to them.
/// </summary>
public sealed class SpecSchema
{
    // Numbers in quotes are numbers too, see SpecBinder.
    private const string NumberText = @"^\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*$";
    private static readonly JsonSerializerOptions s_readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly JsonObject _definitions = [];

    /// <summary>How a record is written: whole, as the base of an experiment, or as what it changes of that.</summary>
    private enum Form
    {
        Whole,
        Base,
        Change,
    }

    /// <summary>The schema of a <see cref="RunSpec"/>.</summary>
    public static string OfRun() => Document("A run of Temper", new SpecSchema(), schema => schema.Properties(typeof(RunSpec), Form.Whole));

    /// <summary>The schema of an <see cref="ExperimentSpec"/> as <see cref="ExperimentReader"/> reads it: stages and parents are changes of <c>base</c>.</summary>
    public static string OfExperiment() => Document("An experiment of Temper", new SpecSchema(), schema =>
    {
        var properties = schema.Properties(typeof(ExperimentSpec), Form.Whole);
        properties["oneOf"] = new JsonArray([.. ExperimentReader.Kinds.Select(kind => new JsonObject { ["required"] = new JsonArray(kind) })]);
        return properties;
    });

    private static string Document(string title, SpecSchema schema, Func<SpecSchema, JsonObject> properties)
    {
        var document = new JsonObject { ["$schema"] = "https://json-schema.org/draft/2020-12/schema", ["title"] = title };
        foreach (var (key, value) in properties(schema).ToList())
        {
            document[key] = value?.DeepClone();
        }

        document["$defs"] = schema._definitions;
        return document.ToJsonString(s_readable);
    }

    private JsonObject Properties(Type type, Form form)
    {
        var parameters = SpecBinder.Parameters(type).Where(parameter => form != Form.Base || parameter.Name != nameof(RunSpec.Name)).ToList();
        if (form == Form.Change && type == typeof(RunSpec))
        {
            parameters.RemoveAll(parameter => parameter.Name == nameof(RunSpec.Name));
        }

        var required = form == Form.Change ? [] : parameters.Where(parameter => !parameter.HasDefaultValue).Select(parameter => (JsonNode)SpecBinder.Key(parameter.Name!)).ToArray();
        var result = new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject(parameters.Select(parameter => KeyValuePair.Create(SpecBinder.Key(parameter.Name!), (JsonNode?)Property(parameter, type.GetProperty(parameter.Name!)!, form)))),
            ["additionalProperties"] = false,
        };
        if (required.Length > 0)
        {
            result["required"] = new JsonArray(required);
        }

        return result;
    }

    private JsonObject Property(ParameterInfo parameter, PropertyInfo property, Form form)
    {
        var inner = form == Form.Base ? Form.Whole : form;
        if (property.DeclaringType == typeof(ExperimentSpec) && property.Name == nameof(ExperimentSpec.Base))
        {
            inner = Form.Base;
        }
        else if (property.DeclaringType != typeof(ExperimentSpec) && property.DeclaringType!.Namespace == typeof(ExperimentSpec).Namespace)
        {
            // Runs and models that an experiment names beside its base are what they change of it.
            inner = Form.Change;
        }

        // A change of the tasks takes the place of all of them, or lists those of base to keep.
        var schema = form == Form.Change && property.Name == nameof(RunSpec.Tasks)
            ? new JsonObject { ["anyOf"] = new JsonArray(Value(parameter.ParameterType, Form.Whole), Value(typeof(IReadOnlyList<string>), Form.Whole)) }
            : Value(parameter.ParameterType, inner);

        // A change takes a key away by giving it null.
        if (form == Form.Change || new NullabilityInfoContext().Create(property).WriteState == NullabilityState.Nullable)
        {
            schema = OrNull(schema);
        }

        Describe(schema, parameter, property, form);
        return schema;
    }

    private static void Describe(JsonObject schema, ParameterInfo parameter, PropertyInfo property, Form form)
    {
        if (property.GetCustomAttribute<DescriptionAttribute>() is { } description)
        {
            schema["description"] = description.Description;
        }

        if (form != Form.Change && parameter is { HasDefaultValue: true, DefaultValue: { } value })
        {
            schema["default"] = Literal(value, parameter.ParameterType);
        }

        if (property.GetCustomAttribute<RangeAttribute>() is { } range)
        {
            schema["minimum"] = Literal(range.Minimum, range.OperandType);
            if (Convert.ToDouble(range.Maximum, CultureInfo.InvariantCulture) < long.MaxValue)
            {
                schema["maximum"] = Literal(range.Maximum, range.OperandType);
            }
        }

        if (property.GetCustomAttribute<RegularExpressionAttribute>() is { } pattern)
        {
            schema["pattern"] = pattern.Pattern;
        }
    }

    private JsonObject Value(Type type, Form form)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type switch
        {
            _ when type == typeof(string) => Of("string", "number", "boolean"),
            _ when type == typeof(bool) => Of("boolean"),
            _ when type == typeof(int) || type == typeof(long) => Of("integer"),
            _ when type == typeof(double) => new JsonObject { ["type"] = new JsonArray("number", "string"), ["pattern"] = NumberText },
            _ when type.IsEnum => new JsonObject { ["enum"] = new JsonArray([.. Enum.GetNames(type).Select(name => (JsonNode)SpecBinder.EnumKey(name))]) },
            _ when SpecBinder.Element(type, typeof(IReadOnlyList<>)) is { } item => new JsonObject { ["type"] = "array", ["items"] = Value(item, form) },
            _ when SpecBinder.Element(type, typeof(IReadOnlyDictionary<,>)) is { } entry => new JsonObject { ["type"] = "object", ["additionalProperties"] = Value(entry, form) },
            _ => Reference(type, form),
        };
    }

    private JsonObject Reference(Type type, Form form)
    {
        // What an experiment's own records are is not a change of anything, but what they hold is.
        var own = type.Namespace == typeof(ExperimentSpec).Namespace ? Form.Whole : form;
        var name = own switch
        {
            Form.Base => "base",
            Form.Change => $"{NameOf(type)}_change",
            _ => NameOf(type),
        };
        if (!_definitions.ContainsKey(name))
        {
            // Before its properties, so that the definitions stand in the order in which a reader meets them.
            _definitions[name] = new JsonObject();
            _definitions[name] = Properties(type, own);
        }

        return new JsonObject { ["$ref"] = $"#/$defs/{name}" };
    }

    private static string NameOf(Type type) => SpecBinder.Key(type.Name.EndsWith("Spec", StringComparison.Ordinal) ? type.Name[..^"Spec".Length] : type.Name);

    private static JsonObject Of(params string[] types) => new() { ["type"] = types.Length == 1 ? types[0] : new JsonArray([.. types.Select(type => (JsonNode)type)]) };

    private static JsonObject OrNull(JsonObject schema)
    {
        switch (schema)
        {
            case { } when schema["type"] is JsonArray types:
                types.Add("null");
                return schema;
            case { } when schema["type"] is JsonValue type:
                schema["type"] = new JsonArray(type.GetValue<string>(), "null");
                return schema;
            case { } when schema["enum"] is JsonArray values:
                values.Add((JsonNode?)null);
                return schema;
            case { } when schema["anyOf"] is JsonArray ways:
                ways.Add(Of("null"));
                return schema;
            default:
                return new JsonObject { ["anyOf"] = new JsonArray(schema, Of("null")) };
        }
    }

    private static JsonNode? Literal(object value, Type type)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return type.IsEnum ? SpecBinder.EnumKey(Enum.GetName(type, value)!) : JsonSerializer.SerializeToNode(value, type);
    }
}
