using System.IO.MemoryMappedFiles;

namespace EventSourcing.Crash;

/// <summary>The kinds of call that can be made to fail, as native/faults.c numbers them.</summary>
internal enum Call
{
    None = 0,
    Write = 1,
    Sync = 2,
    Truncate = 3,
    Open = 4,
    Read = 5,
    Unlink = 6,
}

internal enum CallAction
{
    Fail = 0,
    ShortWrite = 1,
    Kill = 2,
}

/// <summary>The block of memory that a writer's fault library shares with us, by which faults are armed.</summary>
internal sealed class FaultControl : IDisposable
{
    private const int Bytes = 128;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;

    public FaultControl(string path)
    {
        var isNew = !File.Exists(path);
        if (isNew) File.WriteAllBytes(path, new byte[Bytes]);
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, Bytes);
        _view = _file.CreateViewAccessor(0, Bytes);
        if (isNew) Budget = -1;
    }

    /// <summary>How many calls were made to fail.</summary>
    public long Fired => _view.ReadInt64(32);

    /// <summary>How many writes were refused for want of space.</summary>
    public long Refused => _view.ReadInt64(48);

    /// <summary>By how many bytes the store's files may still grow; negative for no limit.</summary>
    public long Budget
    {
        set => _view.Write(40, value);
    }

    /// <summary>Lets the n-th call of a kind from now on fail, once.</summary>
    public void Arm(Call call, int n, int error, CallAction action = CallAction.Fail)
    {
        Disarm();
        _view.Write(16, (long)error);
        _view.Write(24, (long)action);
        _view.Write(32, 0L);
        _view.Write(8, (long)n);
        Thread.MemoryBarrier();
        _view.Write(0, (long)call);
    }

    public void Disarm() => _view.Write(0, 0L);

    public long CallsOf(Call call) => _view.ReadInt64(56 + (8 * (int)call));

    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }
}
