// What the page knows: one copy, fed by the overview and then by the stream.
import { get, stream, restart, scope } from './api.js';

const MostSamples = 900;
// Pools made and evicted come by the thousand on a busy host; they must not push out what is rare.
const MostRoutine = 500;
const MostNotable = 500;
const notableKinds = 'poolFailed,rotated,loginRefused,refreshFailed,circuitOpened,circuitClosed,serverPressure,acquireTimedOut,leaseHeldLong,operatorAction';

export const isRoutine = event => event.kind === 'poolCreated' || event.kind === 'poolEvicted';

/** Newest first, each once, as many of each sort as are kept. */
function merge(...lists) {
  const known = new Set();
  const room = { true: MostRoutine, false: MostNotable };
  return lists.flat().sort((a, b) => b.id - a.id).filter(event => !known.has(event.id) && known.add(event.id) && room[isRoutine(event)]-- > 0);
}

/** When the oldest of these happened, if older ones may have been dropped; else null. */
export function forgottenBefore(events, routine) {
  const kept = events.filter(event => isRoutine(event) === routine);
  return kept.length >= (routine ? MostRoutine : MostNotable) ? Date.parse(kept.at(-1).at) : null;
}

export const store = { overview: null, now: null, totals: null, history: null, servers: [], serverHistory: new Map(), attention: [], eventWorker: null, events: [], clockSkew: 0, nodes: null, shows: '' };

const listeners = new Set();

export const subscribe = listener => { listeners.add(listener); return () => listeners.delete(listener); };

/** Now, by the host's clock. */
export const now = () => Date.now() + store.clockSkew;

/** Asks for the nodes anew; without a cluster there is no second time. */
export async function loadNodes() {
  if (store.nodes && !store.nodes.clustered) return;
  store.nodes = await get('nodes');
  scope.clustered = store.nodes.clustered;
}

/** Looks at all nodes, or at one. */
export function look(node) {
  scope.node = node;
  restart();
}

async function load() {
  const [overview, servers, events, notable] = await Promise.all([
    get('overview'), get('servers'), get('events', { limit: MostRoutine }), get('events', { limit: MostNotable, kind: notableKinds }),
  ]);
  store.overview = overview;
  store.shows = scope.node;
  store.history = overview.history;
  store.events = merge(events.items, notable.items);
  store.serverHistory = new Map(servers.history.map(h => [h.server, h]));
  take(overview);
}

function take(part) {
  store.now = part.now;
  store.totals = part.totals;
  store.servers = part.servers;
  store.attention = part.attention;
  store.eventWorker = part.eventWorker ?? null;
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
    beforeOpen: loadNodes,
    onOpen: async () => { await load(); notify(null); },
    onTick: tick => {
      append(tick);
      take(tick);
      if (tick.events.length) store.events = merge(tick.events, store.events);
      notify(tick);
    },
  });
}
