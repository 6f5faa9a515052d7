using System.Reflection;

namespace EventSourcing.Package.Tests;

/// <summary>Types by the names and with the question marks that C# gives them.</summary>
internal static class ApiTypeName
{
    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(bool)] = "bool",
        [typeof(byte)] = "byte",
        [typeof(char)] = "char",
        [typeof(decimal)] = "decimal",
        [typeof(double)] = "double",
        [typeof(float)] = "float",
        [typeof(int)] = "int",
        [typeof(long)] = "long",
        [typeof(object)] = "object",
        [typeof(short)] = "short",
        [typeof(string)] = "string",
        [typeof(uint)] = "uint",
        [typeof(ulong)] = "ulong",
        [typeof(void)] = "void",
    };

    public static string Of(Type type) => Write(type, null);

    public static string Of(FieldInfo field) => Write(field.FieldType, new NullabilityInfoContext().Create(field));

    public static string Of(PropertyInfo property) => Write(property.PropertyType, new NullabilityInfoContext().Create(property));

    public static string Of(ParameterInfo parameter) => Write(parameter.ParameterType, new NullabilityInfoContext().Create(parameter));

    public static string OfReturn(MethodInfo method) => Of(method.ReturnParameter);

    /// <summary>The name without namespace, arity or parameters.</summary>
    public static string Simple(Type type) => type.Name.Split('`')[0];

    /// <summary>The name with the types around it and its own parameters.</summary>
    public static string Declaration(Type type) =>
        (type.DeclaringType is { } outer ? Declaration(outer) + "." : "") + Simple(type) + GenericParameters(type.GetGenericArguments()[(type.DeclaringType?.GetGenericArguments().Length ?? 0)..]);

    public static string GenericParameters(Type[] parameters) => parameters.Length == 0 ? "" : $"<{string.Join(", ", parameters.Select(parameter => Variance(parameter) + ApiAttributes.Of(parameter) + parameter.Name))}>";

    public static string Constraints(Type[] parameters) => string.Concat(
        from parameter in parameters
        where parameter.IsGenericParameter
        let constraints = ConstraintsOf(parameter).ToList()
        where constraints.Count > 0
        select $" where {parameter.Name} : {string.Join(", ", constraints)}");

    private static IEnumerable<string> ConstraintsOf(Type parameter)
    {
        var flags = parameter.GenericParameterAttributes;
        var isStruct = flags.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint);
        if (isStruct) yield return "struct";
        if (flags.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint)) yield return "class";
        foreach (var constraint in parameter.GetGenericParameterConstraints().Where(c => c != typeof(ValueType)).OrderBy(c => c.Name, StringComparer.Ordinal)) yield return Of(constraint);
        if (!isStruct && flags == GenericParameterAttributes.None && parameter.GetGenericParameterConstraints().Length == 0 && NullableByte(parameter) == 1) yield return "notnull";
        if (flags.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint) && !isStruct) yield return "new()";
    }

    /// <summary>The compiler's annotation of a type parameter, or else of the nearest member around it: 1 is not nullable.</summary>
    private static byte NullableByte(Type parameter)
    {
        MemberInfo?[] around = [parameter, parameter.DeclaringMethod, parameter.DeclaringType, parameter.DeclaringType?.DeclaringType];
        return around.OfType<MemberInfo>()
            .Select(member => member.CustomAttributes.FirstOrDefault(a => a.AttributeType.Name == (member == parameter ? "NullableAttribute" : "NullableContextAttribute"))?.ConstructorArguments[0].Value)
            .OfType<byte>().FirstOrDefault();
    }

    private static string Variance(Type parameter) => (parameter.GenericParameterAttributes & GenericParameterAttributes.VarianceMask) switch
    {
        GenericParameterAttributes.Covariant => "out ",
        GenericParameterAttributes.Contravariant => "in ",
        _ => "",
    };

    private static string Write(Type type, NullabilityInfo? nullability)
    {
        if (type.IsByRef) return Write(type.GetElementType()!, nullability);
        if (Nullable.GetUnderlyingType(type) is { } underlying) return Write(underlying, null) + "?";
        var mark = !type.IsValueType && nullability is { ReadState: NullabilityState.Nullable } or { WriteState: NullabilityState.Nullable } ? "?" : "";
        if (type.IsGenericParameter) return type.Name + (mark.Length > 0 && IsAnnotated(type) ? "?" : "");
        if (Keywords.TryGetValue(type, out var keyword)) return keyword + mark;
        if (type.IsArray) return $"{Write(type.GetElementType()!, nullability?.ElementType)}[{new string(',', type.GetArrayRank() - 1)}]{mark}";
        var outer = type is { DeclaringType: { } declaring, IsGenericParameter: false } ? Simple(declaring) + "." : "";
        var arguments = type.GetGenericArguments();
        var generics = arguments.Length == 0 ? "" : $"<{string.Join(", ", arguments.Select((argument, i) => Write(argument, nullability?.GenericTypeArguments.ElementAtOrDefault(i))))}>";
        return outer + Simple(type) + generics + mark;
    }

    /// <summary>An unconstrained T reads as nullable though nobody wrote a question mark; a constrained one tells the truth.</summary>
    private static bool IsAnnotated(Type parameter) =>
        parameter.GenericParameterAttributes.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint) || parameter.BaseType is { } b && b != typeof(object);
}
