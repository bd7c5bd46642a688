using Akka.Hosting;
using HyperConn;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using ReportWorker;

var builder = Host.CreateApplicationBuilder(args);

// The manager of connections: section "HyperConn" of appsettings.json, environment variables and the command line.
builder.Services.AddHyperConn();
builder.Services.AddAkka("reports", (akka, _) => akka.WithHyperConn());

builder.Services.AddOptions<ReportOptions>().BindConfiguration("Report")
    .Validate(o => o.Every >= TimeSpan.Zero && o.AtOnce is > 0 and <= 1_000, "Report:Every must not be negative, Report:AtOnce is 1 to 1,000.")
    .ValidateOnStart();
builder.Services.AddSingleton<SalesReport>();
builder.Services.AddHostedService<Reporter>();

await builder.Build().RunAsync();
