namespace EventSourcing.Explorer;

/// <summary>A row of cards, each with one figure.</summary>
internal sealed class Cards
{
    private readonly List<Html> _cards = [];

    /// <param name="label">What the figure is.</param>
    /// <param name="figure">The figure.</param>
    /// <param name="note">A remark on the figure.</param>
    /// <param name="kind">A further CSS class: <c>warn</c> or <c>bad</c>.</param>
    /// <param name="link">Where the card leads.</param>
    public Cards Add(string label, string figure, string note, string kind = "", string? link = null) =>
        Add(label, Html.Of($"<span class=\"figure\">{figure}</span>"), Html.Of($"<span class=\"note\">{note}</span>"), kind, link);

    public Cards Add(string label, Html figure, Html note, string kind = "", string? link = null)
    {
        var content = Html.Of($"<span class=\"label\">{label}</span>{figure}{note}");
        var classes = kind.Length == 0 ? "card" : $"card {kind}";
        _cards.Add(
            link is null
                ? Html.Of($"<div class=\"{classes}\">{content}</div>")
                : Html.Of($"<a class=\"{classes}\" href=\"{link}\">{content}</a>"));
        return this;
    }

    public Html Of() => Html.Of($"<div class=\"cards\">{_cards}</div>");
}
