using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace EventSourcing.Explorer;

/// <summary>What a page answers: the same facts as HTML and as JSON.</summary>
internal abstract record Answer(string Title)
{
    public int Status { get; init; } = 200;

    /// <summary>
    /// The id of the part that changes by itself, so that a browser without a script loads the page again; null if none does.
    /// </summary>
    public string? InMotion { get; init; }

    public abstract Html Body { get; }

    public abstract void WriteJson(Utf8JsonWriter json);
}

/// <summary>An answer of facts of one type.</summary>
internal sealed record Answer<TModel>(string Title, TModel Model, JsonTypeInfo<TModel> Info, Func<TModel, Html> View) : Answer(Title)
{
    public override Html Body => View(Model);

    public override void WriteJson(Utf8JsonWriter json) => JsonSerializer.Serialize(json, Model, Info);
}
