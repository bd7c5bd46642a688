using Akka.Hosting;
using HyperConn;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using ReportWorker;

var builder = Host.CreateApplicationBuilder(args);

// The manager of connections: section "HyperConn" of appsettings.json, environment variables and the command line.
builder.Services.AddHyperConn();
// Standard output is for reports: what Akka has to say goes to the host's log with the rest.
builder.Services.AddAkka("reports", (akka, _) => akka
    .AddHocon("akka.stdout-loglevel = off", HoconAddMode.Prepend)
    .ConfigureLoggers(loggers =>
    {
        loggers.ClearLoggers();
        loggers.AddLoggerFactory();
    })
    .WithHyperConn());

builder.Services.AddOptions<ReportOptions>().BindConfiguration("Report")
    .Validate(o => o.Every >= TimeSpan.Zero && o.AtOnce is > 0 and <= 1_000, "Report:Every must not be negative, Report:AtOnce is 1 to 1,000.")
    .ValidateOnStart();
builder.Services.AddSingleton<SalesReport>();
builder.Services.AddHostedService<Reporter>();

await builder.Build().RunAsync();
