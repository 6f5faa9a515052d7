using System.Globalization;

namespace EventSourcing.Explorer;

/// <summary>Pictures as inline SVG. They have no style of their own: their classes are in the stylesheet.</summary>
internal static class Charts
{
    private const int Width = 960;
    private const int Height = 120;

    /// <summary>A bar for each part of the time, with the figures in a table for those who cannot see it.</summary>
    public static Html Bars(IReadOnlyList<RateBucket> buckets, string unit)
    {
        var most = buckets.Max(bucket => bucket.Count);
        var isByDay = buckets[0].To - buckets[0].From >= TimeSpan.FromDays(1);
        string Name(DateTimeOffset at) => isByDay ? Parts.Day(at) : Parts.Plain(at);
        var step = (double)Width / buckets.Count;
        var total = buckets.Sum(bucket => bucket.Count);
        var one = char.IsAsciiDigit(unit[0]) ? unit : "one " + unit;
        var label = string.Create(CultureInfo.InvariantCulture, $"Events per {unit}: {total:N0} in all, at most {most:N0} in {one}.");
        var bars = buckets.Select((bucket, i) =>
        {
            var height = most == 0 ? 0 : Math.Max(bucket.Count == 0 ? 0 : 2, bucket.Count * (Height - 8.0) / most);
            var (x, y, width) = (Px((i * step) + 1), Px(Height - height), Px(Math.Max(1, step - 2)));
            var figure = $"{Name(bucket.From)}: {Parts.Count(bucket.Count, "event")}";
            return Html.Of($"""
                <rect x="{x}" y="{y}" width="{width}" height="{Px(height)}" rx="2"><title>{figure}</title></rect>
                """);
        });
        var figures = new Table<RateBucket>($"Events per {unit}").Column("From", bucket => Name(bucket.From)).Number("Events", bucket =>
            bucket.Count);
        return Html.Of($"""
            <figure class="chart">
            <svg viewBox="0 0 {Width} {Height}" preserveAspectRatio="none" role="img" aria-label="{label}"><g class="bars">{bars}</g></svg>
            <figcaption>
            <span>{Name(buckets[0].From)}</span> <span>most in {one}: {Parts.Group(most)}</span> <span>{Name(buckets[^1].To)}</span>
            </figcaption>
            <details><summary>The figures</summary>
            <div class="scroll" tabindex="0" role="region" aria-label="The figures">{figures.Of(buckets)}</div></details>
            </figure>
            """);
    }

    /// <summary>How far something is, from 0 to 1.</summary>
    public static Html Meter(double part, string label) => Html.Of($"""
        <svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" role="img" aria-label="{label}">
        <rect class="track" width="100" height="6"/><rect class="fill" width="{Px(Math.Clamp(part, 0, 1) * 100)}" height="6"/></svg>
        """);

    /// <summary>The events of a conversation in lanes, a stream each, in the order of the log.</summary>
    public static Html Lanes(IReadOnlyList<TraceEvent> events)
    {
        const int Left = 250, Step = 44, Lane = 40;
        var streams = events.Select(e => e.Stream).Distinct(StringComparer.Ordinal).ToList();
        var places = events.Select((e, i) => (Event: e, X: Left + 30 + (i * Step), Y: YOf(streams.IndexOf(e.Stream)))).ToList();
        var byId = places.ToDictionary(place => place.Event.Id);
        var (width, height) = (Left + 60 + (events.Count * Step), (streams.Count * Lane) + 10);
        var lanes = streams.Select((stream, i) => Html.Of($"""
            <line class="lane" x1="{Left}" x2="{width - 10}" y1="{YOf(i)}" y2="{YOf(i)}"/>
            <text x="0" y="{YOf(i) + 5}">{Parts.Cut(stream, 34)}</text>
            """));
        var arrows = places.Where(place => place.Event.Cause is { } cause && byId.ContainsKey(cause)).Select(to =>
        {
            var from = byId[to.Event.Cause!.Value];
            return Html.Of($"<path class=\"cause\" d=\"M{from.X} {from.Y}C{from.X + 22} {from.Y} {to.X - 22} {to.Y} {to.X} {to.Y}\"/>");
        });
        var dots = places.Select(place => Html.Of($"""
            <circle class="{Parts.Hue(place.Event.Type)}" cx="{place.X}" cy="{place.Y}" r="8">
            <title>{place.Event.Type}, position {place.Event.Position}</title></circle>
            """));
        var label =
            $"{Parts.Count(events.Count, "event")} in {Parts.Count(streams.Count, "stream")}, each in a lane; the same as the list above.";
        return Html.Of($"""
            <div class="scroll" tabindex="0" role="region" aria-label="Events by stream">
            <svg class="lanes" width="{width}" height="{height}" role="img" aria-label="{label}">{lanes}{arrows}{dots}</svg></div>
            """);

        static int YOf(int lane) => (lane * Lane) + 24;
    }

    private static string Px(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
