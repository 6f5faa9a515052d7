using EventSourcing;

namespace Shop;

/// <summary>Somebody with an account. That the e-mail address is theirs alone no single stream can tell: it is found by its tag.</summary>
public sealed partial class Customer : Aggregate
{
    public string? Name { get; private set; }

    public string? Email { get; private set; }

    /// <summary>The tag on the events that give an address to somebody; addresses differ in more than upper and lower case.</summary>
    public static string EmailTag(string email) => "email:" + email.ToLowerInvariant();

    public void Register(string name, string email)
    {
        if (Email is not null) throw new InvalidOperationException($"Customer {Id} is registered already.");
        Raise(new EventData(new CustomerRegistered(name, email)) { Tags = [EmailTag(email)] });
    }

    private void Apply(CustomerRegistered e) => (Name, Email) = (e.Name, e.Email);
}
