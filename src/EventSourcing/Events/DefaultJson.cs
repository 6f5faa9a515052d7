using System.Diagnostics.CodeAnalysis;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing;

/// <summary>The JSON of apps that give no options: by reflection. Read-only.</summary>
internal static class DefaultJson
{
    /// <summary>Documents may lack what a new version of the app has added, until they are rebuilt.</summary>
    public static JsonSerializerOptions Documents => JsonSerializer.IsReflectionEnabledByDefault ? ByReflection.Documents : throw SwitchedOff();

    /// <summary>
    /// Events are facts: one that lacks something, or has null where its type has none, is an error and not a default
    /// that nobody has chosen.
    /// </summary>
    public static JsonSerializerOptions Events => JsonSerializer.IsReflectionEnabledByDefault ? ByReflection.Events : throw SwitchedOff();

    /// <summary>
    /// Says at once what the first use would say. It asks for the setting by its name, since to ask the serializer for it
    /// brings that up, which takes an app that starts some 10 ms.
    /// </summary>
    public static void ThrowIfSwitchedOff()
    {
        if (AppContext.TryGetSwitch("System.Text.Json.JsonSerializer.IsReflectionEnabledByDefault", out var isEnabled) && !isEnabled) throw SwitchedOff();
    }

    private static InvalidOperationException SwitchedOff() =>
        new("Reflection-based JSON is switched off in this app (JsonSerializerIsReflectionEnabledByDefault). Give EventStoreOptions.Json options with a source-generated JsonSerializerContext.");

    /// <summary>
    /// One for all stores of a process, so that what reflection has found out about a type is found out once; and a class
    /// of its own, which trimming removes where reflection is switched off.
    /// </summary>
    private static class ByReflection
    {
        public static readonly JsonSerializerOptions Documents = Create(isStrict: false);
        public static readonly JsonSerializerOptions Events = Create(isStrict: true);

        [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Only where reflection-based JSON is enabled, which trimmed apps switch off; EventType.Of keeps the members of the types themselves.")]
        [UnconditionalSuppressMessage("AOT", "IL3050", Justification = "As above: with reflection switched off, the app's own options bring source-generated contexts.")]
        private static JsonSerializerOptions Create(bool isStrict)
        {
            var options = new JsonSerializerOptions(JsonSerializerDefaults.Web)
            {
                // What Web relaxes for browsers, a log should not: one property has one spelling, a number is a number.
                PropertyNameCaseInsensitive = false,
                NumberHandling = JsonNumberHandling.Strict,
                // The bytes go into a database, not into HTML: text stays readable there.
                Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
                // An upcaster may add "$type" wherever it comes to stand.
                AllowOutOfOrderMetadataProperties = true,
                TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
                RespectRequiredConstructorParameters = isStrict,
                RespectNullableAnnotations = isStrict,
            };
            options.MakeReadOnly();
            return options;
        }
    }
}
