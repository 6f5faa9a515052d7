using System.Text.Json;
using System.Text.Json.Serialization;

namespace Banking;

/// <summary>
/// How money came or went. Stored by name, <c>cash-deposit</c>: members may be added and moved, but a member that is
/// renamed can no longer be read.
/// </summary>
[JsonConverter(typeof(OperationConverter))]
public enum Operation
{
    CashDeposit,
    CashWithdrawal,
    CardWithdrawal,
    CollectionFromBank,
    RemittanceToBank,
    InterestOrFee,

    /// <summary>Between two accounts of this bank.</summary>
    Transfer,
}

public static class OperationNames
{
    /// <summary>The name as it is stored and shown: <c>cash-deposit</c>.</summary>
    public static string Name(this Operation operation) => JsonNamingPolicy.KebabCaseLower.ConvertName(operation.ToString());
}

internal sealed class OperationConverter() : JsonStringEnumConverter<Operation>(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false);
