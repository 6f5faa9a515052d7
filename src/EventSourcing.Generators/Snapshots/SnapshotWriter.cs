namespace EventSourcing.Generators;

/// <summary>Writes how the state of an aggregate is kept: field by field, by name and in order.</summary>
internal static class SnapshotWriter
{
    private const string Fields = "global::EventSourcing.CodeGeneration.SnapshotFields";

    public static string Write(SnapshotModel snapshot)
    {
        var code = new CodeWriter();
        snapshot.Type.Write(code, bases: " : global::EventSourcing.ISnapshotState", members =>
        {
            WriteMembers(members, snapshot);
            WriteAccessors(members, snapshot.Accessors.Where(accessor => accessor.Constraints is null), "private");
        });
        WriteAccessors(code, snapshot.Accessors.Where(accessor => accessor.Constraints is not null), "file");
        return code.ToString();
    }

    private static void WriteMembers(CodeWriter code, SnapshotModel snapshot)
    {
        code.Line("/// <inheritdoc/>").Line(CodeWriter.Mark);
        code.Line($"string global::EventSourcing.ISnapshotState.Fingerprint => \"{snapshot.Fingerprint}\";").Line();

        code.Line("/// <inheritdoc/>").Line(CodeWriter.Mark);
        code.Open(
            "void global::EventSourcing.ISnapshotState.WriteState(global::System.Text.Json.Utf8JsonWriter writer, "
            + "global::System.Text.Json.JsonSerializerOptions json)");
        code.Line("writer.WriteStartObject();");
        foreach (var field in snapshot.Fields) code.Line($"{Fields}.Write{Suffix(field)}(writer, \"{field.Name}\", {field.Access}, json);");
        code.Line("writer.WriteEndObject();").Close().Line();

        code.Line("/// <inheritdoc/>").Line(CodeWriter.Mark);
        code.Open(
            "void global::EventSourcing.ISnapshotState.ReadState(ref global::System.Text.Json.Utf8JsonReader reader, "
            + "global::System.Text.Json.JsonSerializerOptions json)");
        code.Line($"{Fields}.ReadStart(ref reader);");
        foreach (var field in snapshot.Fields) code.Line(ReadOf(field));
        code.Line($"{Fields}.ReadEnd(ref reader);").Close();
    }

    private static string ReadOf(SnapshotField field) => field.Kind == SnapshotFieldKind.Value
        ? $"{Fields}.Read(ref reader, \"{field.Name}\", ref {field.Access}, json);"
        : $"{Fields}.Read{Suffix(field)}<{field.Types}>(ref reader, \"{field.Name}\", ref "
            + $"{field.Access}!,{(field.Empty is null ? "" : $" {field.Empty},")} json);";

    private static string Suffix(SnapshotField field) => field.Kind switch
    {
        SnapshotFieldKind.Items => "Items",
        SnapshotFieldKind.Entries => "Entries",
        _ => "",
    };

    private static void WriteAccessors(CodeWriter code, IEnumerable<SnapshotAccessor> accessors, string modifier)
    {
        foreach (var holder in accessors.GroupBy(accessor => (accessor.Holder, accessor.Constraints)))
        {
            code.Line().Line(
                "/// <summary>Fields that the language keeps from this part of the class, or lets be set in a constructor only.</summary>")
                    .Line(CodeWriter.Mark);
            code.Open($"{modifier} static class {holder.Key.Holder}{holder.Key.Constraints}");
            var isFirst = true;
            foreach (var accessor in holder)
            {
                if (!isFirst) code.Line();
                isFirst = false;
                code.Line(
                    "[global::System.Runtime.CompilerServices.UnsafeAccessor("
                    + $"global::System.Runtime.CompilerServices.UnsafeAccessorKind.Field, Name = \"{accessor.Field}\")]");
                code.Line($"public static extern ref {accessor.FieldType} {accessor.Method}({accessor.Owner} aggregate);");
            }

            code.Close();
        }
    }
}
