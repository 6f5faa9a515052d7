namespace EventSourcing.Explorer;

/// <summary>A list of names with their values.</summary>
internal sealed class Facts
{
    private readonly List<Html> _facts = [];

    public Facts Add(string name, Html value)
    {
        _facts.Add(Html.Of($"<div><dt>{name}</dt><dd>{value}</dd></div>"));
        return this;
    }

    public Facts Add(string name, string value) => Add(name, Html.Of($"{value}"));

    public Html Of(string further = "") => Html.Of($"<dl class=\"facts{further}\">{_facts}</dl>");
}
