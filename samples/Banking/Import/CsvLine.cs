using System.Text;

namespace Banking;

/// <summary>One line of comma-separated values; a value may stand in double quotes, a quote in it doubled (RFC 4180).</summary>
internal static class CsvLine
{
    /// <summary>Splits a line into its values.</summary>
    /// <returns>The values without blanks around them, or <see langword="null"/> where quotes do not pair up.</returns>
    public static List<string>? Split(string line)
    {
        var values = new List<string>(7);
        if (!line.Contains('"', StringComparison.Ordinal))
        {
            foreach (var range in line.AsSpan().Split(',')) values.Add(line.AsSpan(range).Trim().ToString());
            return values;
        }

        var value = new StringBuilder();
        var i = 0;
        while (true)
        {
            value.Clear();
            while (i < line.Length && line[i] == ' ') i++;
            if (i < line.Length && line[i] == '"')
            {
                if (!TakeQuoted(line, ref i, value)) return null;
                while (i < line.Length && line[i] == ' ') i++;
                if (i < line.Length && line[i] != ',') return null;
                values.Add(value.ToString());
            }
            else
            {
                while (i < line.Length && line[i] != ',') value.Append(line[i++]);
                values.Add(value.ToString().Trim());
            }

            if (i++ >= line.Length) return values;
        }
    }

    private static bool TakeQuoted(string line, ref int i, StringBuilder value)
    {
        i++;
        while (i < line.Length)
        {
            if (line[i] != '"') value.Append(line[i++]);
            else if (i + 1 < line.Length && line[i + 1] == '"') (value, i) = (value.Append('"'), i + 2);
            else
            {
                i++;
                return true;
            }
        }

        return false;
    }
}
