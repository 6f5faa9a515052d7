using System.Globalization;

namespace EventSourcing.Tamper;

/// <summary>Random edits by an administrator with full access, each held against the checkpoints that were kept.</summary>
internal static class EditSuite
{
    /// <summary>Runs it.</summary>
    /// <param name="runs">How many edits; all kinds come equally often.</param>
    /// <param name="seed">Decides which.</param>
    /// <param name="events">About how many events the store has.</param>
    /// <param name="only">Only this run; null for all.</param>
    /// <param name="progress">Told how far it is.</param>
    public static async Task<IReadOnlyList<EditTally>> RunAsync(int runs, int seed, int events, int? only = null, Action<string>? progress = null)
    {
        using var folder = new WorkFolder();
        var sample = await SampleStore.CreateAsync(folder.Path, events, seed);
        var kinds = EditKinds.All;
        var tallies = kinds.Select(kind => new EditTally(kind.Name)).ToList();
        var controls = new EditTally("control: an unchanged copy, its tree made anew or not");
        var done = 0;
        var numbers = only is { } one ? [one] : Enumerable.Range(0, runs).ToArray();
        await Parallel.ForEachAsync(numbers, new ParallelOptions { MaxDegreeOfParallelism = 2 }, async (number, _) =>
        {
            tallies[number % kinds.Count].Count(await OneAsync(folder, sample, kinds[number % kinds.Count], number, seed));
            if (number % 50 == 0) controls.Count(await ControlAsync(folder, sample, number));
            if (Interlocked.Increment(ref done) % 500 == 0) progress?.Invoke(string.Create(CultureInfo.InvariantCulture, $"{done:N0} edits"));
        });
        return [.. tallies, controls];
    }

    private static async Task<EditRun> OneAsync(WorkFolder folder, SampleStore sample, EditKind kind, int number, int seed)
    {
        var random = new Random(unchecked((seed * 1_000_003) + number));
        var path = folder.File($"edit-{number}.db");
        try
        {
            // A constraint may be in an edit's way; then it is another one.
            for (var tries = 0; ; tries++)
            {
                try
                {
                    return await EditAsync(path, sample, kind, number, random);
                }
                catch (ShellException) when (tries < 20)
                {
                }
            }
        }
        finally
        {
            WorkFolder.Delete(path);
        }
    }

    private static async Task<EditRun> EditAsync(string path, SampleStore sample, EditKind kind, int number, Random random)
    {
        var covering = !kind.CanBeCovered ? Covering.None : random.Next(8) switch { < 4 => Covering.None, 4 => (Covering)random.Next(1, 3), _ => Covering.All };
        bool isCovered = covering != Covering.None, isLocked = random.Next(8) > 0;
        string what;
        if (kind.Replace is { } replace)
        {
            File.Delete(path);
            what = await replace(sample, random, path);
        }
        else
        {
            await File.WriteAllBytesAsync(path, sample.File);
            using var shell = new Shell(path);
            var editor = new Editor(shell, sample, random);
            editor.Unlock();
            shell.Run("BEGIN");
            what = kind.Apply(editor);
            Forger.RecomputeTree(shell, covering);
            if (isLocked) editor.Lock();
            else if (kind.CanBeCovered) what += ", triggers left out";
            shell.Run("COMMIT");
        }

        var (isChanged, firstBad) = Judge(path, sample.Contents, kind, isCovered);
        var verdict = await Verdict.OfAsync(path, sample.Checkpoints);
        var isExtension = kind.Expectation == Expectation.Extension && isLocked && firstBad > sample.Contents.Head;
        if (kind.Expectation == Expectation.Extension && !isLocked) firstBad = 0; // what is found then is the triggers
        var without = covering == Covering.All && isChanged && isLocked && !isExtension ? await Verdict.OfAsync(path, []) : null;
        return new EditRun(number, what, isChanged, isExtension, covering, firstBad, verdict, without);
    }

    private static (bool IsChanged, long FirstBad) Judge(string path, Contents before, EditKind kind, bool isCovered)
    {
        try
        {
            using var shell = new Shell(path);
            var after = Contents.Read(shell);
            return (!after.SaysTheSameAs(before, whateverTheTree: isCovered), kind.IsOfEvents ? after.FirstBadPosition(before) : 0);
        }
        catch (ShellException)
        {
            return (true, 0);
        }
    }

    private static async Task<EditRun> ControlAsync(WorkFolder folder, SampleStore sample, int number)
    {
        var path = folder.File($"control-{number}.db");
        await File.WriteAllBytesAsync(path, sample.File);
        var isForged = number % 100 == 0;
        if (isForged)
        {
            using var shell = new Shell(path);
            var editor = new Editor(shell, sample, new Random(number));
            editor.Unlock();
            Forger.RecomputeTree(shell);
            editor.Lock();
        }

        var verdict = await Verdict.OfAsync(path, sample.Checkpoints);
        WorkFolder.Delete(path);
        return new EditRun(number, isForged ? "tree made anew" : "copy", IsChanged: false, IsExtension: false, isForged ? Covering.All : Covering.None, 0, verdict, null);
    }
}
