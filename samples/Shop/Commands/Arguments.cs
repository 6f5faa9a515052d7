using System.Globalization;

namespace Shop;

/// <summary>What was asked for on the command line.</summary>
internal sealed record Arguments
{
    public const string Help = """
        A shop on an event store: carts, orders, stock, payments.

        Usage: Shop [COMMAND] [OPTIONS]

        Commands:
          (none)       Plays a simulated day as fast as it goes, and ends with a report.
          live         Plays the day while a dashboard shows it, for --seconds. Ends early on q or Ctrl+C.
          rebuild      Rebuilds all read models while orders come in, and proves them equal to the log.
          chaos        Kills the process of the projections and the order process over and over while orders come in.
          report       Checks the shop of an earlier run once more. Needs --db.

        Options:
          --db PATH      Keeps the shop in this SQLite file. A connection string in place of the path keeps it in PostgreSQL. By
                         default the shop is in a temporary folder, and deleted afterwards.
          --seed N       Decides what happens on the simulated day: the same seed gives the same report. Default: 42.
          --customers N  How many visitors the day has. Default: 2000.
          --seconds N    How long live lasts. Default: 20.
          --kills N      How often chaos kills. Default: 20.
        """;

    public string Command { get; private set; } = "";

    public string? Database { get; private set; }

    public int Seed { get; private set; } = 42;

    public int Customers { get; private set; } = 2000;

    public int Seconds { get; private set; } = 20;

    public int Kills { get; private set; } = 20;

    public bool WantsHelp { get; private set; }

    /// <exception cref="CannotRunException">An argument is not known, or its value is not valid.</exception>
    public static Arguments Parse(IReadOnlyList<string> args)
    {
        var parsed = new Arguments();
        for (var i = 0; i < args.Count; i++)
        {
            switch (args[i])
            {
                case "--help" or "-h":
                    parsed.WantsHelp = true;
                    break;
                case "--db":
                    parsed.Database = Value();
                    break;
                case "--seed":
                    parsed.Seed = Number(0, int.MaxValue);
                    break;
                case "--customers":
                    parsed.Customers = Number(1, 9_999);
                    break;
                case "--seconds":
                    parsed.Seconds = Number(1, 3_600);
                    break;
                case "--kills":
                    parsed.Kills = Number(0, 1_000);
                    break;
                case var command when i == 0 && !command.StartsWith('-'):
                    parsed.Command = command;
                    break;
                default:
                    throw new CannotRunException($"'{args[i]}' is not known. See --help.");
            }

            string Value() => i + 1 < args.Count && args[i + 1].Length > 0 ? args[++i] : throw new CannotRunException($"{args[i]} needs a value. See --help.");

            int Number(int least, int most)
            {
                var option = args[i];
                var text = Value();
                return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
                    ? number
                    : throw new CannotRunException(string.Create(CultureInfo.InvariantCulture, $"{option} is a whole number from {least} to {most}, not '{text}'."));
            }
        }

        return parsed;
    }
}
