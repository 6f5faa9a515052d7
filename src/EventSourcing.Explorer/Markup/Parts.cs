using System.Globalization;
using System.Text.Json;

namespace EventSourcing.Explorer;

/// <summary>Pieces that several pages show.</summary>
internal static class Parts
{
    private const int Hues = 8;

    /// <summary>What is between the members of a value in its short form.</summary>
    private const string Gap = "   ";

    /// <summary>A name of up to this length stands on one line.</summary>
    private const int ShortName = 28;

    public static string Group(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Count(long number, string what) => $"{Group(number)} {what}{(number == 1 ? "" : "s")}";

    public static string Cut(string text, int length)
    {
        if (text.Length <= length) return text;
        var end = char.IsHighSurrogate(text[length - 2]) ? length - 2 : length - 1;
        return text[..end] + "…";
    }

    /// <summary>An instant to the second, in UTC.</summary>
    public static string Plain(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>The day alone.</summary>
    public static string Day(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    public static string Exact(DateTimeOffset at) => at.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);

    public static Html Time(DateTimeOffset at) => Html.Of($"<time datetime=\"{Exact(at)}\" title=\"{Exact(at)}\">{Plain(at)}</time>");

    /// <summary>How long ago something was, roughly.</summary>
    public static string Ago(DateTimeOffset now, DateTimeOffset then) =>
        now - then < TimeSpan.FromSeconds(1) ? "just now" : $"{Span(now - then)} ago";

    public static string Span(TimeSpan span) => span switch
    {
        { Ticks: < 0 } => "0 s",
        { TotalSeconds: < 10 } => span.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s",
        { TotalSeconds: < 120 } => Round(span.TotalSeconds) + " s",
        { TotalMinutes: < 120 } => Round(span.TotalMinutes) + " min",
        { TotalHours: < 48 } => Round(span.TotalHours) + " h",
        { TotalDays: < 730 } => Round(span.TotalDays) + " days",
        _ => Round(span.TotalDays / 365.25) + " years",
    };

    public static string Bytes(long bytes) => bytes switch
    {
        < 1024 => $"{Group(bytes)} bytes",
        < 1024 * 1024 => (bytes / 1024.0).ToString("0.0", CultureInfo.InvariantCulture) + " KiB",
        < 1024L * 1024 * 1024 => (bytes / 1024.0 / 1024).ToString("0.0", CultureInfo.InvariantCulture) + " MiB",
        _ => (bytes / 1024.0 / 1024 / 1024).ToString("0.0", CultureInfo.InvariantCulture) + " GiB",
    };

    /// <summary>A relative address of a page, with its parameters; those that are null are left out.</summary>
    public static string Link(string page, params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        var link = page;
        var mark = '?';
        foreach (var (name, value) in parameters)
        {
            if (value is null) continue;
            link += $"{mark}{Uri.EscapeDataString(name)}={Uri.EscapeDataString(value)}";
            mark = '&';
        }

        return link;
    }

    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    public static string EventAddress(long position) => Link("event", ("position", Text(position)));

    public static string StreamAddress(string stream) => Link("stream", ("name", stream));

    public static Html Event(long position) => Html.Of($"<a class=\"pos\" href=\"{EventAddress(position)}\">{Group(position)}</a>");

    public static Html Stream(string stream) => Html.Of($"<a class=\"name\" href=\"{StreamAddress(stream)}\">{stream}</a>");

    public static Html Type(string type)
    {
        var classes = type.Length <= ShortName ? "type short" : "type";
        return Html.Of($"<span class=\"{classes}\"><i class=\"dot {Hue(type)}\"></i>{type}</span>");
    }

    public static Html Tags(IReadOnlyList<string> tags) =>
        Html.Join(tags.Select(tag => Html.Of($"<a class=\"tag\" href=\"{Link("log", ("tag", tag))}\">{tag}</a>")), " ");

    /// <summary>The CSS class of one of a few colours. A name always gets the same colour.</summary>
    public static string Hue(string name)
    {
        // FNV-1a, and then its bits are mixed as in MurmurHash3: the names in one store are often similar, but should differ in colour.
        var hash = 2166136261u;
        foreach (var c in name) hash = (hash ^ c) * 16777619;
        hash = (hash ^ (hash >> 16)) * 0x85EBCA6B;
        hash = (hash ^ (hash >> 13)) * 0xC2B2AE35;
        return $"h{(hash ^ (hash >> 16)) % Hues}";
    }

    public static Html Changes(IReadOnlyList<MemberChange> changes) => changes.Count == 0
        ? None("nothing")
        : Html.Of($"<ul class=\"changes\">{changes.Select(Change)}</ul>");

    public static Html Change(MemberChange change)
    {
        var path = Html.Of($"<span class=\"path\">{(change.Path.Length == 0 ? "state" : change.Path)}</span>");
        var (before, after) = (Cut(change.Before ?? "none", 80), Cut(change.After ?? "none", 80));
        return Html.Of($"<li>{path} <del>{before}</del> <span class=\"to\">to</span> <ins>{after}</ins></li>");
    }

    /// <summary>A remark in place of a value.</summary>
    public static Html None(string remark) => Html.Of($"<span class=\"none\">{remark}</span>");

    public static Html Badge(string text, string kind = "") => Html.Of($"<span class=\"badge {kind}\">{text}</span>");

    public static Html Muted(string text) => Html.Of($"<span class=\"muted\">{text}</span>");

    public static Html Name(string text) => Html.Of($"<span class=\"name\">{text}</span>");

    /// <summary>A link that looks like a button.</summary>
    /// <param name="address">Where it leads.</param>
    /// <param name="text">Its text.</param>
    /// <param name="relation"><c>prev</c> or <c>next</c>, if a key of the keyboard follows the link.</param>
    public static Html Button(string address, string text, string? relation = null) =>
        Html.Of($"<a class=\"button\"{Html.When(relation is not null, $" rel=\"{relation}\"")} href=\"{address}\">{text}</a>");

    public static Html NamedLink(string address, string name) => Html.Of($"<a class=\"name\" href=\"{address}\">{name}</a>");

    /// <summary>A field of a form that the user does not see.</summary>
    public static Html Hidden(string name, string value) =>
        Html.Of($"<input type=\"hidden\" name=\"{name}\" value=\"{Html.Value(value)}\">");

    /// <summary>The heading of a page, and what is said about the page.</summary>
    public static Html Title(string title, Html about = default) => Html.Of($"<div class=\"title\"><h1>{title}</h1>{about}</div>");

    /// <summary>The heading of a page that is about something with a name.</summary>
    public static Html NameTitle(string name, Html about = default) =>
        Html.Of($"<div class=\"title\"><h1 class=\"name\">{name}</h1>{about}</div>");

    public static Html Sub(string text) => Html.Of($"<p class=\"sub\">{text}</p>");

    /// <summary>The links that lead from the first page to this one.</summary>
    public static Html Crumbs(params Html[] links) =>
        Html.Of($"<nav class=\"crumbs\" aria-label=\"Where this is\">{Html.Join(links, " <span aria-hidden=\"true\">/</span> ")}</nav>");

    public static Html Section(string title, Html content) => Html.Of($"<section><h2>{title}</h2>{content}</section>");

    public static Html Panel(string title, Html content) => Html.Of($"<section class=\"panel\"><h2>{title}</h2>{content}</section>");

    /// <summary>Links to further pages of a list; nothing if there are none.</summary>
    public static Html Pager(string label, string? newer = null, string? older = null, string olderText = "Older") =>
        Html.When(newer is not null || older is not null, $"""
            <nav class="pager" aria-label="{label}">
            {(newer is null ? Html.None : Button(newer, "Newer", "prev"))}
            {(older is null ? Html.None : Button(older, olderText, "next"))}
            </nav>
            """);

    /// <summary>A notice of one of the kinds <c>info</c>, <c>good</c>, <c>warn</c> and <c>bad</c>.</summary>
    public static Html Notice(string kind, string title, string text, Html further = default) =>
        Html.Of($"<div class=\"notice {kind}\"><strong>{title}</strong> <span>{text}</span> {further}</div>");

    public static Html Empty(string title, string text) => Html.Of($"<div class=\"empty\"><p class=\"big\">{title}</p><p>{text}</p></div>");

    /// <summary>A list of events, whatever their streams.</summary>
    public static Table<ListedEvent> EventTable(string label) => new Table<ListedEvent>(label)
        .Number("Position", e => Event(e.Position))
        .Column("Recorded (UTC)", e => Time(e.RecordedAt))
        .Column("Type", e => Type(e.Type))
        .Column("Stream", StreamAndVersion)
        .Column("Data", PreviewAndTags)
        .Rows(e => $"p{e.Position.ToString(CultureInfo.InvariantCulture)}")
        .Body("rows");

    /// <summary>What is shown of an event's data in a list.</summary>
    public static Html PreviewAndTags(ListedEvent e)
    {
        var preview = e.IsErased ? Badge("erased", "bad") : e.Preview is { } data ? Preview(data) : None("hidden");
        return Html.Of($"{preview} {Tags(e.Tags)}");
    }

    /// <summary>Shows the short form of a value. Each member stays on one line if there is room.</summary>
    public static Html Preview(string text)
    {
        var members = text.Split(Gap).Select(member => Html.Of($"<span class=\"member\">{member}</span>"));
        return Html.Of($"<span class=\"preview\">{Html.Join(members, Gap)}</span>");
    }

    /// <summary>The short form of a value. That of an object lists its members.</summary>
    public static string Short(JsonElement value, int length = 140)
    {
        if (value.ValueKind != JsonValueKind.Object) return Cut(ShortValue(value), length);
        var text = "";
        foreach (var member in value.EnumerateObject())
        {
            text += (text.Length == 0 ? "" : Gap) + member.Name + ": " + ShortValue(member.Value);
            if (text.Length > length) return Cut(text, length);
        }

        return text.Length == 0 ? "{ }" : text;
    }

    private static string ShortValue(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => value.GetPropertyCount() == 0 ? "{ }" : "{…}",
        JsonValueKind.Array => value.GetArrayLength() == 0 ? "[ ]" : $"[{value.GetArrayLength()}]",
        JsonValueKind.String => Cut(JsonMarkup.Text(value), 80),
        _ => Cut(value.GetRawText(), 80),
    };

    private static Html StreamAndVersion(ListedEvent e)
    {
        var isShort = e.Stream.Length <= ShortName;
        return Html.Of(
            $"<span{Html.When(isShort, $" class=\"short\"")}>{Stream(e.Stream)} <span class=\"version\">v{e.Version}</span></span>");
    }

    private static string Round(double value) => Math.Round(value).ToString("N0", CultureInfo.InvariantCulture);
}
