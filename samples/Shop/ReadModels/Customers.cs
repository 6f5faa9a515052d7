using EventSourcing;

namespace Shop;

/// <summary>Who is registered, under the customer's id; found by e-mail address.</summary>
public sealed partial class Customers : Projection<CustomerAccount>
{
    public static readonly DocumentField<CustomerAccount, string> Email = new("email", customer => customer.Email);

    public override IReadOnlyList<DocumentField<CustomerAccount>> Fields => [Email];

    private static CustomerAccount Apply(CustomerAccount? _, CustomerRegistered e) => new(e.Name, e.Email);
}

public sealed record CustomerAccount(string Name, string Email);
