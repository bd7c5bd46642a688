// hyperconn-pg through the phases of HyperConn.Benchmarks/Figures/FigureRun.cs; names as in FigureNames. Reads its plan from standard input.
import { answer, input, serveSecrets, startManager } from "./manager.mjs";

const budget = 60;
const workers = 32;
const opensPerSecond = 30;
const caps = [50, 500, 5000];
// Sessions of idle pools and those of callers on their way fit into the budget together.
const ownCap = budget - workers;

const tenants = input.Tenants;
await serveSecrets(Object.fromEntries(tenants.map((t) => [`bench-${t.Org}`, JSON.stringify({ "core-postgresql": t.Uri })])));

const values = {};
const errors = {};
let wrong = 0;
const seen = new WeakSet();

// Answers when the connection was there; undefined: it failed.
async function call(manager, phase, tenant) {
  let client;
  try {
    const pool = await manager.getConnection("core", tenant.Org);
    if (!seen.has(pool)) {
      seen.add(pool);
      pool.on("error", () => {});
    }
    client = await pool.connect();
    const opened = performance.now();
    const { rows } = await client.query("select current_user::text as name");
    if (rows[0].name !== tenant.User) wrong++;
    return opened;
  } catch (error) {
    const kind = error.code ?? error.message;
    errors[phase] ??= {};
    errors[phase][kind] = (errors[phase][kind] ?? 0) + 1;
    return undefined;
  } finally {
    client?.release();
  }
}

async function inParallel(work) {
  await Promise.all(Array.from({ length: workers }, work));
}

const quantile = (sorted, share) => sorted[Math.round((sorted.length - 1) * share)];

// It has no way to end as a whole.
const stop = async (manager) => {
  for (const key of Object.keys(manager.pools)) await manager.removePool(key);
};

{
  const manager = await startManager(ownCap);
  let next = 0;
  const began = performance.now();
  await inParallel(async () => {
    while (next < tenants.length) await call(manager, "first answers", tenants[next++]);
  });
  values["first answers of all, s"] = (performance.now() - began) / 1000;
  values["live pools"] = Object.keys(manager.pools).length;
  globalThis.gc?.();
  values["managed memory, MB"] = process.memoryUsage().heapUsed / 1e6;
  values["working set, MB"] = process.memoryUsage().rss / 1e6;
  await stop(manager);
}

{
  const manager = await startManager(ownCap);
  const upTo = [];
  let sum = 0;
  for (let i = 0; i < tenants.length; i++) upTo.push((sum += 1 / (i + 1)));
  // mulberry32, so that each run has the same load.
  let state = 1;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const rank = () => {
    const at = random() * sum;
    let [low, high] = [0, upTo.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (upTo[middle] < at) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const times = [];
  const all = [];
  const began = performance.now();
  for (let i = 0; i < opensPerSecond * input.Seconds; i++) {
    const due = began + (1000 * i) / opensPerSecond;
    const early = due - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    all.push(call(manager, "Zipf load", tenants[rank()]).then((opened) => opened && times.push(opened - due)));
  }
  await Promise.all(all);
  times.sort((a, b) => a - b);
  if (times.length > 0) {
    values["open p50, ms"] = quantile(times, 0.5);
    values["open p99, ms"] = quantile(times, 0.99);
    values["open p99.9, ms"] = quantile(times, 0.999);
  }
  await stop(manager);
}

// Its pools keep one session each, so a cap above the budget asks for more sessions than there are.
for (const cap of caps.filter((cap) => cap * 2 <= tenants.length && cap <= budget)) {
  const manager = await startManager(cap);
  let next = 0;
  let served = 0;
  const began = performance.now();
  const until = began + (input.Seconds * 1000) / 3;
  await inParallel(async () => {
    while (performance.now() < until) {
      if (await call(manager, `churn at cap ${cap}`, tenants[next++ % tenants.length])) served++;
    }
  });
  values[`pools a second at cap ${cap}`] = served / ((performance.now() - began) / 1000);
  await stop(manager);
}

answer({ Contender: input.Contender, Tenants: tenants.length, Values: values, Errors: errors, WrongTenants: wrong });
