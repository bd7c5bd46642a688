// Many callers at once over many tenants through hyperconn-pg, as HyperConn.Benchmarks does it through HyperConn.
// Reads {"secrets": {name: text}, "orgs": [...], "callers": n, "maxPools": n} from standard input, writes one line of JSON.
import http from "node:http";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const input = JSON.parse(await new Promise((resolve) => {
  let text = "";
  process.stdin.on("data", (part) => (text += part)).on("end", () => resolve(text));
}));

// Stands in for AWS: the library asks one secret at a time.
let secretCalls = 0;
const store = http.createServer((request, response) => {
  let text = "";
  request.on("data", (part) => (text += part)).on("end", () => {
    secretCalls++;
    const name = JSON.parse(text).SecretId;
    response.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
    response.end(JSON.stringify({ Name: name, SecretString: input.secrets[name], VersionId: "1" }));
  });
});
await new Promise((resolve) => store.listen(0, "127.0.0.1", resolve));
process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER = `http://127.0.0.1:${store.address().port}`;
process.env.AWS_ENDPOINT_URL = process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER;

console.log = () => {};
console.info = () => {};
const { PostgresManagerService } = require("hyperconn-pg");
const manager = new PostgresManagerService();
await manager.initialize({
  projectName: "bench",
  secretManager: { accessKeyId: "x", secretAccessKey: "x", region: "eu-west-1" },
  services: [{ serviceName: "core" }],
  pgOptions: { max: 1, idleTimeoutMillis: 30000, connectionTimeoutMillis: 15000 },
  poolManagement: { maxPools: input.maxPools, idleTtlMs: 300000 },
});

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
process.stdout.write(JSON.stringify({ milliseconds, failed, errors, pools: pools.size, secretCalls }) + "\n", () => process.exit(0));
