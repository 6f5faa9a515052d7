using System.Globalization;

namespace EventSourcing.Tests;

/// <summary>Without these, a misspelt variable or a machine without ICU would test nothing and say so nowhere.</summary>
public class TestCultureTests
{
    [Fact]
    public void Cultures_are_those_of_the_world_and_not_the_invariant_one_by_other_names()
    {
        (-1).ToString(CultureInfo.GetCultureInfo("sv-SE")).Should().Be("\u22121");
        "i".ToUpper(CultureInfo.GetCultureInfo("tr-TR")).Should().Be("\u0130");
        CultureInfo.GetCultureInfo("ar-SA").Calendar.Should().BeOfType<UmAlQuraCalendar>();
        (-1).ToString(CultureInfo.GetCultureInfo("he-IL")).Should().NotBe("-1");
    }

    [Fact]
    public async Task Run_in_a_culture_that_it_names_has_it_on_every_thread()
    {
        if (TestCulture.Name is not { } name) return;

        CultureInfo.CurrentCulture.Name.Should().Be(name);
        (await Task.Run(() => CultureInfo.CurrentCulture.Name)).Should().Be(name);
        var ofThread = "";
        using (ExecutionContext.SuppressFlow())
        {
            var thread = new Thread(() => ofThread = CultureInfo.CurrentCulture.Name);
            thread.Start();
            thread.Join();
        }

        ofThread.Should().Be(name);
    }
}
