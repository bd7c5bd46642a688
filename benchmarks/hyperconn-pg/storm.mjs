// Many callers at once over many tenants through hyperconn-pg, as HyperConn.Benchmarks does it through HyperConn.
// Reads {"secrets": {name: text}, "orgs": [...], "callers": n, "maxPools": n} from standard input, writes one line of JSON.
import { answer, input, secretCalls, serveSecrets, startManager } from "./manager.mjs";

await serveSecrets(input.secrets);
const manager = await startManager(input.maxPools);

const errors = {};
const pools = new Set();
let failed = 0;
const began = process.hrtime.bigint();
await Promise.all(Array.from({ length: input.callers }, async (_, i) => {
  try {
    const pool = await manager.getConnection("core", input.orgs[i % input.orgs.length]);
    if (!pools.has(pool)) {
      pools.add(pool);
      pool.on("error", () => {});
    }
    await pool.query("select 1");
  } catch (error) {
    failed++;
    const kind = error.code ?? error.message;
    errors[kind] = (errors[kind] ?? 0) + 1;
  }
}));
const milliseconds = Number(process.hrtime.bigint() - began) / 1e6;
answer({ milliseconds, failed, errors, pools: pools.size, secretCalls });
