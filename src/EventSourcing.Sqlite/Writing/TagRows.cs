namespace EventSourcing;

/// <summary>The rows by which events are found by their tags.</summary>
internal static class TagRows
{
    /// <summary>Inserts the rows of one event.</summary>
    public static void Insert(Database database, IReadOnlyList<string> tags, long position, long type)
    {
        var insert = database.Prepare("INSERT INTO event_tags (tag, position, type) VALUES (?1, ?2, ?3)");
        for (var i = 0; i < tags.Count; i++) insert.Bind(1, tags[i]).Bind(2, position).Bind(3, type).Run();
    }

    /// <summary>Binds what the event itself keeps of its tags.</summary>
    public static void BindList(Statement insert, int parameter, IReadOnlyList<string> tags)
    {
        if (tags.Count == 0) insert.BindNull(parameter);
        else insert.BindText(parameter, TagList.Write(tags));
    }
}
