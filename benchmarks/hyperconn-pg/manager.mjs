// hyperconn-pg with a stand-in for AWS, as the scripts here measure it.
import http from "node:http";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

export const input = JSON.parse(await new Promise((resolve) => {
  let text = "";
  process.stdin.on("data", (part) => (text += part)).on("end", () => resolve(text));
}));

// Stands in for AWS: the library asks one secret at a time.
export let secretCalls = 0;
export async function serveSecrets(secrets) {
  const store = http.createServer((request, response) => {
    let text = "";
    request.on("data", (part) => (text += part)).on("end", () => {
      secretCalls++;
      const name = JSON.parse(text).SecretId;
      response.writeHead(200, { "content-type": "application/x-amz-json-1.1" });
      response.end(JSON.stringify({ Name: name, SecretString: secrets[name], VersionId: "1" }));
    });
  });
  await new Promise((resolve) => store.listen(0, "127.0.0.1", resolve));
  process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER = `http://127.0.0.1:${store.address().port}`;
  process.env.AWS_ENDPOINT_URL = process.env.AWS_ENDPOINT_URL_SECRETS_MANAGER;
}

console.log = () => {};
console.info = () => {};

export async function startManager(maxPools) {
  const { PostgresManagerService } = require("hyperconn-pg");
  const manager = new PostgresManagerService();
  await manager.initialize({
    projectName: "bench",
    secretManager: { accessKeyId: "x", secretAccessKey: "x", region: "eu-west-1" },
    services: [{ serviceName: "core" }],
    pgOptions: { max: 1, idleTimeoutMillis: 30000, connectionTimeoutMillis: 15000 },
    poolManagement: { maxPools, idleTtlMs: 300000 },
  });
  return manager;
}

export function answer(value) {
  process.stdout.write(JSON.stringify(value) + "\n", () => process.exit(0));
}
