using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace EventSourcing.Tool;

/// <summary>
/// The texts of stored JSON. Another program may have written half a character, as an escape, of which no string can be made: the
/// text is then as it is stored.
/// </summary>
internal static class JsonTexts
{
    public static string NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException)
        {
            return Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8PropertyName(member));
        }
    }

    public static string TextOf(JsonElement text)
    {
        try
        {
            return text.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return text.GetRawText()[1..^1];
        }
    }
}
