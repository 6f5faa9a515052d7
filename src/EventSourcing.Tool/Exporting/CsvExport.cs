using System.Buffers;
using System.Text;

namespace EventSourcing.Tool;

/// <summary>Events as comma-separated values (RFC 4180), one row each; a value may have line breaks, in quotes.</summary>
internal static class CsvExport
{
    private static readonly SearchValues<char> NeedQuotes = SearchValues.Create(",\"\r\n");

    public static void WriteHeader(TextWriter output) => output.Write("position,stream,version,type,id,recordedAt,tags,metadata,data\r\n");

    public static void Write(TextWriter output, in StoredEvent stored)
    {
        output.Write(Format.Plain(stored.Position));
        Write(output, stored.Stream);
        Write(output, Format.Plain(stored.Version));
        Write(output, stored.Type);
        Write(output, stored.Id.ToString());
        Write(output, Format.Exact(stored.RecordedAt));
        Write(output, string.Join(' ', stored.Tags));
        Write(output, Encoding.UTF8.GetString(stored.Metadata.Span));
        Write(output, stored.IsErased ? "" : Encoding.UTF8.GetString(stored.Data.Span));
        output.Write("\r\n");
    }

    private static void Write(TextWriter output, string value)
    {
        output.Write(',');
        if (!value.AsSpan().ContainsAny(NeedQuotes))
        {
            output.Write(value);
            return;
        }

        output.Write('"');
        output.Write(value.Replace("\"", "\"\"", StringComparison.Ordinal));
        output.Write('"');
    }
}
