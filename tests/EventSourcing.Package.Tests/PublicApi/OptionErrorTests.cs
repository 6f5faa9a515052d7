using System.Reflection;

namespace EventSourcing.Package.Tests;

/// <summary>An option that an app gets wrong is refused by its own name: an error about 'value' does not tell which one it is.</summary>
public class OptionErrorTests
{
    private static readonly Type[] Refusable =
        [typeof(int), typeof(int?), typeof(long), typeof(TimeSpan), typeof(TimeSpan?), typeof(string), typeof(IReadOnlyList<TimeSpan>)];

    [Theory]
    [InlineData("EventSourcing", 10)]
    [InlineData("EventSourcing.Explorer", 0)]
    [InlineData("EventSourcing.PostgreSql", 3)]
    [InlineData("EventSourcing.Sqlite", 2)]
    [InlineData("EventSourcing.AspNetCore", 0)]
    [InlineData("EventSourcing.Hosting", 0)]
    public void Set_an_option_to_a_refused_value_names_the_option(string package, int leastRefused)
    {
        var refused = 0;
        foreach (var property in Assembly.Load(package).GetExportedTypes().SelectMany(Settable))
        {
            var target = New(property.DeclaringType!);
            foreach (var value in Unfit(property.PropertyType))
            {
                try
                {
                    property.SetValue(target, value);
                }
                catch (TargetInvocationException failure)
                {
                    failure.InnerException.Should().BeAssignableTo<ArgumentException>("{0}", property)
                        .Which.ParamName.Should().Be(property.Name, "it is of {0}", property.DeclaringType!.Name);
                    refused++;
                }
            }
        }

        refused.Should().BeGreaterThanOrEqualTo(leastRefused, "this test must meet refusals");
    }

    private static IEnumerable<PropertyInfo> Settable(Type type) =>
        type is { IsClass: true, IsAbstract: false, ContainsGenericParameters: false }
        && (type.GetConstructor([]) is not null || type == typeof(SnapshotPolicy))
            ? type.GetProperties().Where(property =>
                property.DeclaringType == type && property.SetMethod is { IsPublic: true } && Refusable.Contains(property.PropertyType))
            : [];

    private static object New(Type type) => type == typeof(SnapshotPolicy) ? new SnapshotPolicy(1) : Activator.CreateInstance(type)!;

    private static IEnumerable<object?> Unfit(Type type)
    {
        if (type == typeof(int) || type == typeof(int?)) return [0, -1, int.MinValue];
        if (type == typeof(long)) return [0L, -1L, long.MinValue];
        if (type == typeof(TimeSpan) || type == typeof(TimeSpan?)) return [TimeSpan.Zero, TimeSpan.FromTicks(-2), TimeSpan.FromDays(2000)];
        if (type == typeof(string)) return [null, "", " ", "a\0b", "\ud800"];
        return [null, new[] { TimeSpan.FromTicks(-2) }, new[] { TimeSpan.FromDays(2000) }];
    }
}
