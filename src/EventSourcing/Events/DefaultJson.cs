using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>The JSON options for apps that give none; by reflection. Read-only.</summary>
internal static class DefaultJson
{
    /// <summary>Until they are rebuilt, documents may lack members that a new version of the app has added.</summary>
    public static JsonSerializerOptions Documents =>
        JsonSerializer.IsReflectionEnabledByDefault ? ByReflection.Documents : throw SwitchedOff();

    /// <summary>
    /// Events are facts: if one lacks a member, or has null for a type without null, that is an error. It does not get a
    /// default that no one has chosen.
    /// </summary>
    public static JsonSerializerOptions Events => JsonSerializer.IsReflectionEnabledByDefault ? ByReflection.Events : throw SwitchedOff();

    /// <summary>
    /// Reports at once what the first use would report. Reads the switch by its name instead of asking the serializer: touching
    /// the serializer costs some 10 ms at the start of an app.
    /// </summary>
    public static void ThrowIfSwitchedOff()
    {
        if (AppContext.TryGetSwitch("System.Text.Json.JsonSerializer.IsReflectionEnabledByDefault", out var isEnabled) && !isEnabled)
            throw SwitchedOff();
    }

    private static InvalidOperationException SwitchedOff() =>
        new(
            "Reflection-based JSON is switched off in this app (JsonSerializerIsReflectionEnabledByDefault). "
            + "Give EventStoreOptions.Json options with a source-generated JsonSerializerContext.");

    /// <summary>
    /// Shared by all stores of a process, so that reflection examines each type only once. A class of its own, so that trimming
    /// removes it if reflection is switched off.
    /// </summary>
    private static class ByReflection
    {
        public static readonly JsonSerializerOptions Documents = Create(isStrict: false);
        public static readonly JsonSerializerOptions Events = Create(isStrict: true);

        [UnconditionalSuppressMessage(
            "Trimming",
            "IL2026",
            Justification = "Only if reflection-based JSON is enabled, which trimmed apps switch off; "
                + "EventType.Of keeps the members of the types themselves.")]
        [UnconditionalSuppressMessage(
            "AOT",
            "IL3050",
            Justification = "As above: with reflection switched off, the app's own options bring source-generated contexts.")]
        private static JsonSerializerOptions Create(bool isStrict)
        {
            var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
            {
                // A log should not relax what Web relaxes for browsers: one property has one spelling, a number is a number.
                PropertyNameCaseInsensitive = false,
                NumberHandling = JsonNumberHandling.Strict,
                // The bytes go into a database, not into HTML: text stays readable there.
                Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
                // An upcaster may add "$type" at any place among the members.
                AllowOutOfOrderMetadataProperties = true,
                TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
                RespectRequiredConstructorParameters = isStrict,
                RespectNullableAnnotations = isStrict,
                Converters = { new DateTimeJson(), new UriJson() },
            };
            options.MakeReadOnly();
            return options;
        }
    }
}
