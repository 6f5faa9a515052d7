using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace EventSourcing.Package.Tests;

/// <summary>Parameters as C# writes them.</summary>
internal static class ApiParameters
{
    public static string Of(MethodBase method) => Of(method.GetParameters(), method.IsDefined(typeof(ExtensionAttribute)));

    public static string Of(ParameterInfo[] parameters, bool isExtension) =>
        string.Join(", ", parameters.Select((parameter, i) => (isExtension && i == 0 ? "this " : "") + Of(parameter)));

    public static string Literal(object? value, Type type)
    {
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        return value switch
        {
            null => type.IsValueType && plain == type ? "default" : "null",
            _ when plain.IsEnum => $"{ApiTypeName.Of(plain)}.{Enum.ToObject(plain, value)}",
            string text => $"\"{text}\"",
            bool flag => flag ? "true" : "false",
            _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };
    }

    private static string Of(ParameterInfo parameter)
    {
        var modifier = parameter switch
        {
            { IsOut: true } => "out ",
            _ when parameter.IsDefined(typeof(IsReadOnlyAttribute)) => "in ",
            { ParameterType.IsByRef: true } => "ref ",
            _ when parameter.IsDefined(typeof(ParamArrayAttribute)) || parameter.IsDefined(typeof(ParamCollectionAttribute)) => "params ",
            _ => "",
        };
        var value = parameter.HasDefaultValue ? " = " + Literal(parameter.DefaultValue, parameter.ParameterType) : "";
        return $"{ApiAttributes.Of(parameter)}{modifier}{ApiTypeName.Of(parameter)} {parameter.Name}{value}";
    }
}
