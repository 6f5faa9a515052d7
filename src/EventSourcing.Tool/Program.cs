using EventSourcing.Tool;

using var terminal = Terminal.OfProcess();
return await Evs.RunAsync(args, terminal);
