using EventSourcing;

namespace Shop;

/// <summary>Who is registered, under the customer's id; found by e-mail address.</summary>
public sealed class Customers : Projection<CustomerAccount>
{
    public static readonly DocumentField<CustomerAccount, string> Email = new("email", customer => customer.Email);

    public Customers() => On<CustomerRegistered>((_, e) => new CustomerAccount(e.Name, e.Email));

    public override IReadOnlyList<DocumentField<CustomerAccount>> Fields => [Email];
}

public sealed record CustomerAccount(string Name, string Email);
