// What the page knows: one copy, fed by the overview and then by the stream.
import { get, stream } from './api.js';

const MostSamples = 900;
const MostEvents = 500;

export const store = { overview: null, now: null, totals: null, history: null, servers: [], serverHistory: new Map(), attention: [], events: [], clockSkew: 0 };

const listeners = new Set();

export const subscribe = listener => { listeners.add(listener); return () => listeners.delete(listener); };

/** Now, by the host's clock. */
export const now = () => Date.now() + store.clockSkew;

async function load() {
  const [overview, servers, events] = await Promise.all([get('overview'), get('servers'), get('events', { limit: MostEvents })]);
  store.overview = overview;
  store.history = overview.history;
  store.events = events.items;
  store.serverHistory = new Map(servers.history.map(h => [h.server, h]));
  take(overview);
}

function take(part) {
  store.now = part.now;
  store.totals = part.totals;
  store.servers = part.servers;
  store.attention = part.attention;
  store.clockSkew = Date.parse(part.now.at) - Date.now();
}

function append(tick) {
  const { history } = store;
  const at = Date.parse(tick.now.at);
  if (history.at.at(-1) >= at) return;
  for (const key of Object.keys(history)) {
    history[key].push(key === 'at' ? at : tick.now[key]);
    if (history[key].length > MostSamples) history[key].shift();
  }
  for (const server of tick.servers) {
    let column = store.serverHistory.get(server.server);
    if (!column) store.serverHistory.set(server.server, column = { server: server.server, at: [], limit: [], inUse: [], idleHeld: [], waiting: [] });
    column.at.push(at);
    for (const key of ['limit', 'inUse', 'idleHeld', 'waiting']) column[key].push(server[key]);
    if (column.at.length > MostSamples) for (const key of ['at', 'limit', 'inUse', 'idleHeld', 'waiting']) column[key].shift();
  }
}

function notify(tick) {
  for (const listener of [...listeners]) listener(tick);
}

export function start(onState) {
  stream({
    onState,
    onOpen: async () => { await load(); notify(null); },
    onTick: tick => {
      append(tick);
      take(tick);
      if (tick.events.length) {
        const known = new Set(store.events.slice(0, 200).map(e => e.id));
        const fresh = tick.events.filter(e => !known.has(e.id)).reverse();
        store.events = [...fresh, ...store.events].slice(0, MostEvents);
      }
      notify(tick);
    },
  });
}
