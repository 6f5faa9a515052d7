using System.Globalization;

namespace EventSourcing;

/// <summary>
/// The store has moved, and takes no more writes: rule 13 of <see cref="IEventStorage"/>. Nothing was written. Use the store at its new
/// place, which holds the same log; what was about to be written can be written there.
/// </summary>
public sealed class StoreMovedException : EventSourcingException
{
    /// <summary>The most characters of a place.</summary>
    public const int MaxPlaceLength = 1_000;

    /// <summary>Creates the error.</summary>
    /// <param name="store">The store, e.g. the path of its file.</param>
    /// <param name="movedTo">Where it has moved to.</param>
    /// <param name="innerException">What the medium said, if it was the medium that refused.</param>
    public StoreMovedException(string store, string movedTo, Exception? innerException = null)
        : base(
            $"The store '{store}' has moved to '{movedTo}', so nothing is written here any more, and nothing was. Use the store there.",
            innerException)
    {
        Store = store;
        MovedTo = movedTo;
    }

    /// <summary>The store.</summary>
    public string Store { get; }

    /// <summary>Where it has moved to, in the words of whoever moved it.</summary>
    public string MovedTo { get; }

    /// <summary>For storages: checks the name of a place.</summary>
    /// <param name="movedTo">The place: 1 to 1,000 characters of Unicode text without control characters or lone surrogates.</param>
    /// <exception cref="ArgumentException">It is not such a text.</exception>
    public static void ThrowIfInvalidPlace(string movedTo)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(movedTo);
        if (movedTo.Length > MaxPlaceLength)
        {
            throw new ArgumentException(
                string.Create(
                    CultureInfo.InvariantCulture, $"The place has {movedTo.Length} characters, and {MaxPlaceLength} are allowed."),
                nameof(movedTo));
        }

        for (var i = 0; i < movedTo.Length; i++)
        {
            if (char.IsControl(movedTo[i]) || (char.IsSurrogate(movedTo[i]) && !char.IsSurrogatePair(movedTo, i)))
            {
                throw new ArgumentException(
                    string.Create(
                        CultureInfo.InvariantCulture, $"The place has a control character or half of a surrogate pair at index {i}."),
                    nameof(movedTo));
            }

            if (char.IsHighSurrogate(movedTo[i])) i++;
        }
    }
}
