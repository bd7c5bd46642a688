// Talks to the host: JSON, the stream, the token.

const TokenKey = 'hyperconn.token';

export const token = {
  get value() { return sessionStorage.getItem(TokenKey) ?? ''; },
  set value(text) { if (text) sessionStorage.setItem(TokenKey, text); else sessionStorage.removeItem(TokenKey); },
};

export class ApiError extends Error {
  constructor(status, message, body) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

const NodeKey = 'hyperconn.node';
const ofOneNode = new Set(['overview', 'servers', 'tenants', 'tenant', 'tenants/map', 'secrets', 'stream']);

/** Whom the page looks at: all nodes of a cluster or one. Without a cluster there is nothing to choose. */
export const scope = {
  clustered: false,
  get node() { return this.clustered ? sessionStorage.getItem(NodeKey) ?? 'all' : ''; },
  set node(value) { sessionStorage.setItem(NodeKey, value); },
};

function headers(extra) {
  return token.value ? { ...extra, Authorization: `Bearer ${token.value}` } : { ...extra };
}

async function read(response) {
  const body = response.headers.get('content-type')?.includes('json') ? await response.json() : null;
  if (response.ok) return body;
  throw new ApiError(response.status, body?.detail ?? body?.message ?? `${response.status} ${response.statusText}`, body);
}

export async function get(path, query, signal) {
  const text = new URLSearchParams(Object.entries({ ...query, ...(ofOneNode.has(path) ? { node: scope.node } : {}) }).filter(([, value]) => value !== undefined && value !== null && value !== '')).toString();
  return read(await fetch(`/api/v1/${path}${text ? `?${text}` : ''}`, { headers: headers(), signal, cache: 'no-store' }));
}

export async function post(path, body) {
  return read(await fetch(`/api/v1/${path}`, {
    method: 'POST', headers: headers({ 'Content-Type': 'application/json' }), body: JSON.stringify(body), cache: 'no-store',
  }));
}

let restarted = false;
let current = null;

/** Ends the stream and begins it anew at once. */
export function restart() {
  restarted = true;
  current?.abort();
}

/** Server-sent events over fetch: EventSource can't carry a token. Calls back for ever, reconnecting with back-off. */
export async function stream({ onTick, onState, onOpen, beforeOpen }) {
  let delay = 500;
  let lastId = '';
  while (true) {
    const abort = current = new AbortController();
    restarted = false;
    let watchdog;
    const alive = () => { clearTimeout(watchdog); watchdog = setTimeout(() => abort.abort(), 20000); };
    try {
      onState('connecting');
      alive();
      await beforeOpen();
      const response = await fetch(`/api/v1/stream${scope.node ? `?node=${encodeURIComponent(scope.node)}` : ''}`, {
        headers: headers({ Accept: 'text/event-stream', ...(lastId ? { 'Last-Event-ID': lastId } : {}) }), signal: abort.signal, cache: 'no-store',
      });
      if (!response.ok) await read(response);
      await onOpen();
      onState('live');
      delay = 500;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let buffer = '';
      while (true) {
        const { value, done } = await reader.read();
        if (done) break;
        alive();
        buffer += value;
        let end;
        while ((end = buffer.indexOf('\n\n')) >= 0) {
          const block = buffer.slice(0, end);
          buffer = buffer.slice(end + 2);
          const data = [];
          for (const line of block.split('\n')) {
            if (line.startsWith('data:')) data.push(line.slice(5).trimStart());
            else if (line.startsWith('id:')) lastId = line.slice(3).trim();
          }
          if (data.length) onTick(JSON.parse(data.join('\n')));
        }
      }
    } catch (error) {
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
        onState('locked');
        await new Promise(resolve => addEventListener('hyperconn-token', resolve, { once: true }));
        continue;
      }
      if (error instanceof ApiError && error.status === 404 && scope.clustered) scope.node = 'all';
    } finally {
      clearTimeout(watchdog);
      abort.abort();
    }
    if (restarted) continue;
    onState('offline');
    await new Promise(resolve => setTimeout(resolve, delay));
    delay = Math.min(delay * 2, 10000);
  }
}
