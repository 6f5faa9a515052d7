using BenchmarkDotNet.Attributes;
using EventSourcing.Benchmarks.ManyEvents;

namespace EventSourcing.Benchmarks;

/// <summary>Folding 20 events of 20 types: by the switch that the source generator writes, and by one written by hand. Times are for one event.</summary>
public partial class FoldBenchmarks
{
    private const int Types = 20;
    private readonly object[] _events =
    [
        new Event000("", 0, 0), new Event001("", 0, 1), new Event002("", 0, 2), new Event003("", 0, 3), new Event004("", 0, 4),
        new Event005("", 0, 5), new Event006("", 0, 6), new Event007("", 0, 7), new Event008("", 0, 8), new Event009("", 0, 9),
        new Event010("", 0, 10), new Event011("", 0, 11), new Event012("", 0, 12), new Event013("", 0, 13), new Event014("", 0, 14),
        new Event015("", 0, 15), new Event016("", 0, 16), new Event017("", 0, 17), new Event018("", 0, 18), new Event019("", 0, 19),
    ];
    private readonly Generated _generated = new();
    private readonly ByHand _byHand = new();

    [Benchmark(Baseline = true, OperationsPerInvoke = Types)]
    public int Fold_by_hand()
    {
        foreach (var e in _events) _byHand.ApplyOnce(e);
        return _byHand.Sum;
    }

    [Benchmark(OperationsPerInvoke = Types)]
    public int Fold_generated()
    {
        foreach (var e in _events) _generated.ApplyOnce(e);
        return _generated.Sum;
    }

    private sealed partial class Generated : Aggregate
    {
        public int Sum { get; private set; }

        public void ApplyOnce(object @event) => Apply(@event);

        private void Apply(Event000 e) => Sum += e.Count + 0;
        private void Apply(Event001 e) => Sum += e.Count + 1;
        private void Apply(Event002 e) => Sum += e.Count + 2;
        private void Apply(Event003 e) => Sum += e.Count + 3;
        private void Apply(Event004 e) => Sum += e.Count + 4;
        private void Apply(Event005 e) => Sum += e.Count + 5;
        private void Apply(Event006 e) => Sum += e.Count + 6;
        private void Apply(Event007 e) => Sum += e.Count + 7;
        private void Apply(Event008 e) => Sum += e.Count + 8;
        private void Apply(Event009 e) => Sum += e.Count + 9;
        private void Apply(Event010 e) => Sum += e.Count + 10;
        private void Apply(Event011 e) => Sum += e.Count + 11;
        private void Apply(Event012 e) => Sum += e.Count + 12;
        private void Apply(Event013 e) => Sum += e.Count + 13;
        private void Apply(Event014 e) => Sum += e.Count + 14;
        private void Apply(Event015 e) => Sum += e.Count + 15;
        private void Apply(Event016 e) => Sum += e.Count + 16;
        private void Apply(Event017 e) => Sum += e.Count + 17;
        private void Apply(Event018 e) => Sum += e.Count + 18;
        private void Apply(Event019 e) => Sum += e.Count + 19;
    }

    private sealed class ByHand : Aggregate
    {
        public int Sum { get; private set; }

        public void ApplyOnce(object @event) => Apply(@event);

        protected override void Apply(object @event)
        {
            switch (@event)
            {
                case Event000 e:
                    Sum += e.Count + 0;
                    break;
                case Event001 e:
                    Sum += e.Count + 1;
                    break;
                case Event002 e:
                    Sum += e.Count + 2;
                    break;
                case Event003 e:
                    Sum += e.Count + 3;
                    break;
                case Event004 e:
                    Sum += e.Count + 4;
                    break;
                case Event005 e:
                    Sum += e.Count + 5;
                    break;
                case Event006 e:
                    Sum += e.Count + 6;
                    break;
                case Event007 e:
                    Sum += e.Count + 7;
                    break;
                case Event008 e:
                    Sum += e.Count + 8;
                    break;
                case Event009 e:
                    Sum += e.Count + 9;
                    break;
                case Event010 e:
                    Sum += e.Count + 10;
                    break;
                case Event011 e:
                    Sum += e.Count + 11;
                    break;
                case Event012 e:
                    Sum += e.Count + 12;
                    break;
                case Event013 e:
                    Sum += e.Count + 13;
                    break;
                case Event014 e:
                    Sum += e.Count + 14;
                    break;
                case Event015 e:
                    Sum += e.Count + 15;
                    break;
                case Event016 e:
                    Sum += e.Count + 16;
                    break;
                case Event017 e:
                    Sum += e.Count + 17;
                    break;
                case Event018 e:
                    Sum += e.Count + 18;
                    break;
                case Event019 e:
                    Sum += e.Count + 19;
                    break;
            }
        }
    }
}
