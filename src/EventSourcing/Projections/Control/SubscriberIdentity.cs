namespace EventSourcing;

/// <summary>Tells whether a name belongs to a class: two classes may have one name, and a class may have had another name before.</summary>
internal static class SubscriberIdentity
{
    private const int MaxKept = 16;

    /// <summary>The class's full name with its type arguments. Assemblies are left out: a class may be moved from one to another.</summary>
    public static string Of(Type type)
    {
        // The compiler puts the path of the source file before the name of a class that is local to a file.
        var name = type.ToString();
        for (var i = name.IndexOf(">F", StringComparison.Ordinal); i >= 0; i = name.IndexOf(">F", StringComparison.Ordinal))
        {
            var (begin, end) = (name.LastIndexOf('<', i), name.IndexOf("__", i, StringComparison.Ordinal));
            if (begin < 0 || end < 0) break;
            name = name.Remove(begin, end + 2 - begin);
        }

        return name;
    }

    /// <summary>
    /// Whether a subscriber has the class that a place in the log belongs to. A place that was stored before classes were recorded belongs
    /// to the first class that claims it.
    /// </summary>
    public static bool BelongsTo(this DirectoryRecord directory, Subscriber subscriber) =>
        directory.Types is not { Count: > 0 } known || known.Contains(subscriber.TypeName)
        || subscriber.FormerTypeNames.Any(known.Contains);

    /// <exception cref="SubscriberNameTakenException">The place in the log belongs to another class.</exception>
    public static void ThrowIfOfAnother(this DirectoryRecord directory, Subscriber subscriber)
    {
        if (!directory.BelongsTo(subscriber))
            throw new SubscriberNameTakenException(subscriber.Name, directory.Types![0], subscriber.TypeName);
    }

    /// <summary>Throws if the record is a reactor's and the subscriber is a projection, or the reverse.</summary>
    /// <exception cref="ReadModelDamagedException">The kinds differ, although the record belongs to the subscriber's class.</exception>
    /// <exception cref="InvalidOperationException">
    /// The kinds differ, and the record names no class, as in stores of older versions: it may belong to another class.
    /// </exception>
    public static void ThrowIfOfOtherKind(this DirectoryRecord directory, Subscriber subscriber)
    {
        var isReactor = subscriber is Reactor;
        if (directory.Generations.All(g => (g.Fingerprint == ControlDocuments.ReactorFingerprint) == isReactor)) return;
        var (mine, other) = isReactor ? ("reactor", "projection") : ("projection", "reactor");
        var name = subscriber.Name;
        if (directory.Types is not { Count: > 0 })
            throw new InvalidOperationException(
                $"'{name}' is the name of a {other} on this store, so no {mine} can have it. Give one of them another name.");
        throw new ReadModelDamagedException(
            name,
            $"its record '{name}' in '{ControlDocuments.Directory}' says that it is a {other}, and it is a {mine}. "
            + $"If its class was a {other} before, give the {mine} another name");
    }

    /// <summary>
    /// The record, claimed by the subscriber's class. Former names stay in it, so that an older version of the app may still run.
    /// </summary>
    public static DirectoryRecord ClaimedBy(this DirectoryRecord directory, Subscriber subscriber) =>
        directory.Types?.Contains(subscriber.TypeName) == true
            ? directory
            : directory with { Types = [subscriber.TypeName, .. (directory.Types ?? []).Take(MaxKept - 1)] };

    /// <summary>Whether two subscribers with one name have the same class.</summary>
    public static bool AreSame(Subscriber one, Subscriber other) =>
        one.TypeName == other.TypeName || one.FormerTypeNames.Contains(other.TypeName) || other.FormerTypeNames.Contains(one.TypeName);
}
