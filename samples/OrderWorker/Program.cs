using Akka.Hosting;
using HyperConn;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OrderWorker;

var builder = Host.CreateApplicationBuilder(args);

// The manager of connections: section "HyperConn" of appsettings.json, environment variables and the command line.
builder.Services.AddHyperConn();
builder.Services.AddAkka("orders", (akka, _) => akka.WithHyperConn());

// Events come from a queue (section "Sqs"), and those of type order.placed go to the handler.
builder.Services.AddSqsEvents(options => builder.Configuration.GetSection("Sqs").Bind(options));
builder.Services.AddTenantEventHandler<OrderPlacedHandler>("order.placed");

await builder.Build().RunAsync();
