Console.WriteLine("hyperconn");
