namespace EventSourcing.Testing;

/// <summary>
/// Proves that the current code reads everything that was ever stored. Samples of every version of every event are kept as files in the
/// app's test project, and one test reads them all.
/// </summary>
/// <remarks>
/// <para>A sample is the stored JSON of one event, in a file <c>name@version.json</c>, or
/// <c>name@version.what-is-special.json</c> if a version has several; characters that file names may not have are
/// percent-encoded, and so are capitals in a name that differs from another one in case only. A relative folder is relative to that of
/// the test assembly, so <c>../../../EventSamples</c> lies beside the project file.</para>
/// <para>Samples are never changed: they stand for events in databases, which cannot be changed either.</para>
/// </remarks>
public static class EventHistory
{
    /// <summary>
    /// Checks that JSON can handle every listed type; that a store reads every sample without an error; that every version of every listed
    /// event, and of every retired one, has a sample; and that everything in a sample of the current version is still there when the event
    /// is written and read again.
    /// </summary>
    /// <param name="types">The events of the app.</param>
    /// <param name="directory">The folder with the samples.</param>
    /// <param name="options">The options of the app's store: its JSON.</param>
    /// <param name="cancellationToken">Ends the check.</param>
    /// <returns>A task that fails with all problems found.</returns>
    /// <exception cref="EventHistoryException">Lists the problems.</exception>
    public static async Task CheckAsync(
        EventTypes types, string directory, EventStoreOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(types);
        var folder = new SampleFolder(directory, types);
        var problems = new List<string>();
        var samples = await folder.ReadAsync(problems, cancellationToken).ConfigureAwait(false);
        var aliases = types.All.SelectMany(type => type.Aliases).ToHashSet(StringComparer.Ordinal);
        foreach (var storedName in types.StoredNames.Order(StringComparer.Ordinal))
        {
            var sample = new Sample(storedName, "", "");
            if (samples.Any(s => s.StoredName == storedName) || aliases.Contains(sample.Name)) continue;
            problems.Add(types.All.FirstOrDefault(type => type.StoredName == storedName) is { } type
                ? $"{folder.FileOf(sample)} is missing: no sample shows that events stored as '{storedName}' can be read. Record one: "
                    + $"EventHistory.RecordAsync(types, directory, [new {type.ClrType.Name}(…)])."
                : $"{folder.FileOf(sample)} is missing: no sample shows that events stored as '{storedName}' can be read. "
                    + "No type writes such any more, so take one from a database.");
        }

        await SampleCheck.OfTypesAsync(types, options, problems).ConfigureAwait(false);
        foreach (var sample in samples)
            await SampleCheck.RunAsync(sample, types, options, problems, cancellationToken).ConfigureAwait(false);
        if (problems.Count > 0) throw new EventHistoryException(folder.Path, problems);
    }

    /// <summary>
    /// Writes a sample of each event that has none, as a store would store it. An existing sample is never changed: if it differs from what
    /// would be stored now, this method fails. So give the same events each time, say at the top of the test that checks. A changed shape
    /// is then found before it is released.
    /// </summary>
    /// <param name="types">The events of the app.</param>
    /// <param name="directory">The folder for the samples; it is created if it does not exist.</param>
    /// <param name="events">An event of each type, and of each old version that still has a type.</param>
    /// <param name="options">The options of the app's store: its JSON.</param>
    /// <param name="cancellationToken">Cancels the writing.</param>
    /// <returns>A task that fails if a sample exists and differs.</returns>
    /// <exception cref="ArgumentException">An event is not of the listed types.</exception>
    /// <exception cref="NotSupportedException">JSON cannot handle an event's type.</exception>
    /// <exception cref="EventHistoryException">Lists the samples that differ. Missing ones were written.</exception>
    public static async Task RecordAsync(
        EventTypes types,
        string directory,
        IReadOnlyList<object> events,
        EventStoreOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(types);
        ArgumentNullException.ThrowIfNull(events);
        var folder = new SampleFolder(directory, types);
        var problems = new List<string>();
        foreach (var e in events)
        {
            var now = await SampleCheck.WriteAsync(e, types, options, cancellationToken).ConfigureAwait(false);
            if (await folder.TryRecordAsync(now, cancellationToken).ConfigureAwait(false) is not { } recorded
                || JsonText.AreEqual(recorded, now.Json))
                continue;
            problems.Add($"{folder.FileOf(now)} is not what is stored now as '{now.StoredName}'. Events like the sample lie in databases: "
                + "undo the change, or raise the event's Version and write an upcaster from the version before."
                + $"{Environment.NewLine}    recorded: {JsonText.Compact(recorded)}"
                + $"{Environment.NewLine}    now:      {JsonText.Compact(now.Json)}");
        }

        if (problems.Count > 0) throw new EventHistoryException(folder.Path, problems);
    }
}
