namespace EventSourcing;

/// <summary>A group of appends that the server has refused, because the store has moved.</summary>
/// <param name="Obstacle">What kept the group from its end; null if each of its appends has its result.</param>
internal readonly record struct MovedGroup(Obstacle? Obstacle)
{
    /// <summary>
    /// Ends a group. A repetition and an append whose guards fail write nothing, so they have their own results. Each append is decided
    /// alone, since no decision may rest on what another one has not written.
    /// </summary>
    /// <param name="group">The group; nothing of it was written.</param>
    /// <param name="attempt">Which attempt at it has failed: the second one was made under the lock.</param>
    /// <param name="moved">What to tell those that would have written.</param>
    /// <param name="commit">Commits a group.</param>
    /// <returns>The end of the group; null if it is to be tried again, under the lock.</returns>
    public static async ValueTask<MovedGroup?> EndAsync(
        List<AppendWork> group, int attempt, Exception moved, Func<List<AppendWork>, ValueTask<Obstacle?>> commit)
    {
        foreach (var work in group) work.ForgetRefusal();
        if (group.Count == 1 && attempt == 1) return null;
        if (group.Count == 1)
        {
            group[0].Refuse(moved);
            group[0].Complete();
            return new MovedGroup(null);
        }

        foreach (var work in group)
        {
            if (await commit([work]).ConfigureAwait(false) is { } obstacle) return new MovedGroup(obstacle);
        }

        return new MovedGroup(null);
    }
}
