using System.Diagnostics.CodeAnalysis;
using System.Reflection;

namespace EventSourcing.Package.Tests;

/// <summary>The attributes that a caller or the tools of a caller go by; those of the compiler are left out.</summary>
internal static class ApiAttributes
{
    private static readonly HashSet<string> NameOnly = [nameof(RequiresUnreferencedCodeAttribute), nameof(RequiresDynamicCodeAttribute), nameof(ExperimentalAttribute), nameof(ObsoleteAttribute), nameof(FlagsAttribute)];
    private static readonly HashSet<string> WithArguments = [nameof(AttributeUsageAttribute), nameof(DynamicallyAccessedMembersAttribute), nameof(NotNullWhenAttribute)];

    public static string Of(MemberInfo member) => Written(member.GetCustomAttributesData());

    public static string Of(ParameterInfo parameter) => Written(parameter.GetCustomAttributesData());

    private static string Written(IEnumerable<CustomAttributeData> attributes) => string.Concat(
        from attribute in attributes
        let name = attribute.AttributeType.Name
        where NameOnly.Contains(name) || WithArguments.Contains(name)
        orderby name
        select $"[{name[..^"Attribute".Length]}{(WithArguments.Contains(name) ? $"({Arguments(attribute)})" : "")}] ");

    private static string Arguments(CustomAttributeData attribute) => string.Join(", ", [
        .. attribute.ConstructorArguments.Select(argument => Value(argument)),
        .. attribute.NamedArguments.Select(argument => $"{argument.MemberName} = {Value(argument.TypedValue)}")]);

    private static string Value(CustomAttributeTypedArgument argument) =>
        argument.ArgumentType.IsEnum ? Enum.ToObject(argument.ArgumentType, argument.Value!).ToString()!.Replace(", ", " | ", StringComparison.Ordinal) : ApiParameters.Literal(argument.Value, argument.ArgumentType);
}
