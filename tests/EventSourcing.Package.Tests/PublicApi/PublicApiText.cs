using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace EventSourcing.Package.Tests;

/// <summary>
/// Writes down what an assembly offers to others: one line a type, one line a member, in a fixed order. What the
/// compiler adds to every record is left out, as the word <c>record</c> says it.
/// </summary>
internal static class PublicApiText
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static string Of(Assembly assembly)
    {
        var text = new StringBuilder($"# What {assembly.GetName().Name} offers to others: approved in review, compared by PublicApiTests.\n");
        foreach (var types in assembly.GetExportedTypes().GroupBy(type => type.Namespace).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            text.Append(System.Globalization.CultureInfo.InvariantCulture, $"\nnamespace {types.Key}\n");
            // An extension block has a type of its own, which nobody can name; its members are those of the class around it.
            foreach (var type in types.Where(type => !type.Name.Contains('<', StringComparison.Ordinal)).OrderBy(type => type.FullName, StringComparer.Ordinal))
            {
                text.Append('\n').Append(TypeLine(type)).Append('\n');
                foreach (var member in MemberLines(type)) text.Append("    ").Append(member).Append('\n');
            }
        }

        return text.ToString();
    }

    private static string TypeLine(Type type)
    {
        var line = ApiAttributes.Of(type) + Kind(type) + " " + ApiTypeName.Declaration(type);
        if (type.IsEnum) return Enum.GetUnderlyingType(type) == typeof(int) ? line : $"{line} : {ApiTypeName.Of(Enum.GetUnderlyingType(type))}";

        List<Type> parents = [];
        if (type.BaseType is { } baseType && baseType != typeof(object) && baseType != typeof(ValueType)) parents.Add(baseType);
        var inherited = type.GetInterfaces().SelectMany(i => i.GetInterfaces()).Concat(type.BaseType?.GetInterfaces() ?? []).ToHashSet();
        parents.AddRange(type.GetInterfaces()
            .Where(i => i.IsVisible && !inherited.Contains(i) && !(IsRecord(type) && IsEquatableToItself(i, type)))
            .OrderBy(i => i.FullName ?? i.Name, StringComparer.Ordinal));
        if (parents.Count > 0) line += " : " + string.Join(", ", parents.Select(ApiTypeName.Of));
        return line + ApiTypeName.Constraints(type.GetGenericArguments());
    }

    private static string Kind(Type type)
    {
        if (type.IsEnum) return "enum";
        if (type.IsInterface) return "interface";
        if (type.IsSubclassOf(typeof(Delegate))) return "delegate";
        var record = IsRecord(type) ? "record " : "";
        if (type.IsValueType)
            return (type.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " : "") + (type.IsByRefLike ? "ref " : "") + record + "struct";
        var modifier = type is { IsAbstract: true, IsSealed: true } ? "static " : type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "";
        return modifier + (record.Length > 0 ? "record" : "class");
    }

    private static IEnumerable<string> MemberLines(Type type)
    {
        if (type.IsEnum) return Enum.GetNames(type).Select(name => $"{name} = {Convert.ToInt64(Enum.Parse(type, name), null)}");
        return type.GetFields(Declared).Where(f => IsVisible(f.IsPublic, f.IsFamily || f.IsFamilyOrAssembly) && !f.IsSpecialName).Select(f => (Group: 0, f.Name, Line: FieldLine(f)))
            .Concat(type.GetConstructors(Declared).Where(c => IsVisible(c) && !IsGenerated(c)).Select(c => (Group: 1, Name: "", Line: ConstructorLine(c))))
            .Concat(type.GetProperties(Declared).Where(p => p.GetAccessors(nonPublic: true).Any(IsVisible) && !IsGenerated(p.GetMethod)).Select(p => (Group: 2, p.Name, Line: PropertyLine(p))))
            .Concat(type.GetEvents(Declared).Where(e => IsVisible(e.AddMethod!)).Select(e => (Group: 3, e.Name, Line: $"event {ApiTypeName.Of(e.EventHandlerType!)} {e.Name}")))
            .Concat(type.GetMethods(Declared).Where(m => IsVisible(m) && !IsGenerated(m) && !IsAccessor(m)).Select(m => (Group: 4, m.Name, Line: MethodLine(m))))
            .OrderBy(member => member.Group).ThenBy(member => member.Name, StringComparer.Ordinal).ThenBy(member => member.Line, StringComparer.Ordinal)
            .Select(member => member.Line);
    }

    private static string FieldLine(FieldInfo field)
    {
        var modifier = field.IsLiteral ? "const " : (field.IsStatic ? "static " : "") + (field.IsInitOnly ? "readonly " : "");
        var value = field.IsLiteral ? " = " + ApiParameters.Literal(field.GetRawConstantValue(), field.FieldType) : "";
        return $"{ApiAttributes.Of(field)}{Access(field.IsPublic)}{modifier}{ApiTypeName.Of(field)} {field.Name}{value}";
    }

    private static string ConstructorLine(ConstructorInfo constructor) =>
        $"{ApiAttributes.Of(constructor)}{Access(constructor.IsPublic)}{ApiTypeName.Simple(constructor.DeclaringType!)}({ApiParameters.Of(constructor)})";

    private static string PropertyLine(PropertyInfo property)
    {
        var first = property.GetAccessors(nonPublic: true).Where(IsVisible).MaxBy(accessor => accessor.IsPublic)!;
        var accessors = new[] { (property.GetMethod, "get"), (property.SetMethod, IsInit(property.SetMethod) ? "init" : "set") }
            .Where(accessor => accessor.Item1 is not null && IsVisible(accessor.Item1))
            .Select(accessor => (accessor.Item1!.IsPublic == first.IsPublic ? "" : Access(accessor.Item1.IsPublic)) + accessor.Item2 + "; ");
        var required = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        var indexes = property.GetIndexParameters();
        var name = indexes.Length > 0 ? $"this[{ApiParameters.Of(indexes, isExtension: false)}]" : property.Name;
        return $"{ApiAttributes.Of(property)}{Access(first.IsPublic)}{Modifiers(first)}{required}{ApiTypeName.Of(property)} {name} {{ {string.Concat(accessors)}}}";
    }

    private static string MethodLine(MethodInfo method)
    {
        var name = method.Name.StartsWith("op_", StringComparison.Ordinal) ? "operator " + method.Name[3..] : method.Name;
        var generics = method.GetGenericArguments();
        var declaration = name + ApiTypeName.GenericParameters(generics);
        return $"{ApiAttributes.Of(method)}{Access(method.IsPublic)}{Modifiers(method)}{ApiTypeName.OfReturn(method)} {declaration}({ApiParameters.Of(method)}){ApiTypeName.Constraints(generics)}";
    }

    private static string Modifiers(MethodInfo method)
    {
        if (method.IsStatic) return method.IsAbstract ? "static abstract " : "static ";
        if (method.DeclaringType!.IsInterface) return method.IsAbstract ? "" : "virtual ";
        if (method.GetBaseDefinition() != method) return method.IsFinal ? "sealed override " : method.IsAbstract ? "abstract override " : "override ";
        return method.IsAbstract ? "abstract " : method.IsVirtual && !method.IsFinal ? "virtual " : "";
    }

    private static bool IsVisible(MethodBase method) => IsVisible(method.IsPublic, method.IsFamily || method.IsFamilyOrAssembly)
        && (method.IsPublic || !method.DeclaringType!.IsSealed);

    private static bool IsVisible(bool isPublic, bool isProtected) => isPublic || isProtected;

    private static string Access(bool isPublic) => isPublic ? "" : "protected ";

    private static bool IsAccessor(MethodInfo method) => method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal);

    private static bool IsInit(MethodInfo? setter) => setter?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) == true;

    private static bool IsGenerated(MemberInfo? member) =>
        member?.IsDefined(typeof(CompilerGeneratedAttribute)) == true && (member is not MethodInfo { IsSpecialName: true } accessor || accessor.Name == "get_EqualityContract" || accessor.Name.StartsWith("op_", StringComparison.Ordinal));

    [SuppressMessage("Trimming", "IL2070", Justification = "Tests are not trimmed.")]
    private static bool IsRecord(Type type) =>
        type.GetMethod("<Clone>$") is not null
        || (type.IsValueType && type.GetMethod("PrintMembers", Declared)?.IsDefined(typeof(CompilerGeneratedAttribute)) == true);

    private static bool IsEquatableToItself(Type candidate, Type type) => candidate.IsConstructedGenericType && candidate.GetGenericTypeDefinition() == typeof(IEquatable<>) && candidate.GenericTypeArguments[0] == type;
}
