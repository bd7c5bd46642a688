// Runs the README's actor, service and worker on the tenants of its first lesson.
var orders = Channel.CreateUnbounded<OrderPlaced>();
var parked = Channel.CreateUnbounded<OrderPlaced>();
var builder = Host.CreateApplicationBuilder(args);
builder.Services.AddHyperConn(o => o.ProjectName = "shop");
builder.Services.AddAkka("app", (akka, _) => akka.WithHyperConn().WithActors((system, registry) =>
    system.ActorOf(Props.Create(() => new OrderActor(registry.Get<PoolSupervisor>())), "orders")));
builder.Services.AddSingleton(orders.Reader).AddSingleton(parked.Writer).AddSingleton<OrderStore>().AddHostedService<OrderWorker>();
using var host = builder.Build();
await host.StartAsync();
using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));

// The actor asks for the tenant's pool.
host.Services.GetRequiredService<ActorSystem>().ActorSelection("/user/orders").Tell(new OrderPlaced("acme", 0));
var source = await Used.Reader.ReadAsync(patience.Token);
if (source.Tenant != TenantKey.Create("core", "acme"))
    throw new InvalidOperationException("The actor got another tenant's pool.");

// The worker writes one order and parks that of an unknown tenant; the store counts those of its tenant.
orders.Writer.TryWrite(new OrderPlaced("nobody", 1));
orders.Writer.TryWrite(new OrderPlaced("acme", 2));
if ((await parked.Reader.ReadAsync(patience.Token)).Org != "nobody")
    throw new InvalidOperationException("The wrong order was parked.");
var store = host.Services.GetRequiredService<OrderStore>();
while (await store.CountAsync("acme", patience.Token) < 2)
    await Task.Delay(20, patience.Token);
Console.WriteLine($"{await store.CountAsync("acme", patience.Token)} orders of acme, {await store.CountAsync("beta", patience.Token)} of beta");
await host.StopAsync();
