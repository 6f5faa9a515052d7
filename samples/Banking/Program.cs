Console.WriteLine("Banking");
