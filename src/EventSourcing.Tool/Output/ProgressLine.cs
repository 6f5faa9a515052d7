namespace EventSourcing.Tool;

/// <summary>
/// One line on standard error that says how far long work is, how fast it goes and how long it will take. It is drawn at most ten times a
/// second, only for people, and wiped when the work ends. Thread-safe.
/// </summary>
internal sealed class ProgressLine : IDisposable
{
    private static readonly TimeSpan BetweenLines = TimeSpan.FromMilliseconds(100);
    private readonly Screen _screen;
    private readonly Lock _lock = new();
    private readonly long _began;
    private string _phase = "";
    private long _first;
    private long _phaseBegan;
    private long? _drawn;
    private int _length;
    private bool _isOver;

    public ProgressLine(Screen screen)
    {
        _screen = screen;
        _began = screen.Clock.GetTimestamp();
    }

    /// <summary>How long the work has taken so far.</summary>
    public TimeSpan Elapsed => _screen.Clock.GetElapsedTime(_began);

    /// <summary>Says how far the work is.</summary>
    /// <param name="phase">What is being done, for example <c>Verifying</c>.</param>
    /// <param name="done">How much of it is done.</param>
    /// <param name="total">How much there is.</param>
    /// <param name="isBytes">Whether these are bytes.</param>
    public void Report(string phase, long done, long total, bool isBytes = false)
    {
        if (!_screen.ShowsProgress) return;
        lock (_lock)
        {
            if (_isOver) return;
            var now = _screen.Clock.GetTimestamp();
            if (phase != _phase) (_phase, _first, _phaseBegan) = (phase, done, now);
            else if (_drawn is { } drawn && _screen.Clock.GetElapsedTime(drawn, now) < BetweenLines) return;
            _drawn = now;
            Draw(TextOf(phase, done, total, isBytes, _screen.Clock.GetElapsedTime(_phaseBegan, now)));
        }
    }

    private string TextOf(string phase, long done, long total, bool isBytes, TimeSpan elapsed)
    {
        var share = total == 0 ? 1 : (double)done / total;
        var text = $"{phase}  {Format.Plain((long)(share * 100))} %  {Figure(done)} of {Figure(total)}";
        if (elapsed.TotalSeconds < 0.5 || done <= _first) return text;
        var rate = (done - _first) / elapsed.TotalSeconds;
        return $"{text}  {Figure((long)rate)}/s  {Format.Duration(TimeSpan.FromSeconds(Math.Max(0, total - done) / rate))} left";

        string Figure(long number) => isBytes ? Format.Bytes(number) : Format.Count(number);
    }

    private void Draw(string text)
    {
        _screen.Prompt("\r" + text.PadRight(_length));
        _length = text.Length;
    }

    /// <summary>Wipes the line; the next report draws it again.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            if (_length == 0) return;
            _screen.Prompt("\r" + new string(' ', _length) + "\r");
            _length = 0;
        }
    }

    public void Dispose()
    {
        lock (_lock) _isOver = true;
        Clear();
    }
}
