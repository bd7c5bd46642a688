// Events: lanes over time, and the list.
import { h, s, setText, replace, clockTime, icon } from '../dom.js';
import { store, now, forgottenBefore } from '../store.js';

const kinds = {
  poolCreated: ['pools', 'Pool made'], poolEvicted: ['pools', 'Pool evicted'], poolFailed: ['failures', 'Pool failed'],
  rotated: ['rotations', 'Rotated'], loginRefused: ['failures', 'Login refused'], refreshFailed: ['failures', 'Refresh failed'],
  circuitOpened: ['failures', 'Circuit opened'], circuitClosed: ['recoveries', 'Circuit closed'], serverPressure: ['servers', 'Server full'],
  acquireTimedOut: ['failures', 'Timed out'], leaseHeldLong: ['servers', 'Lease held long'], operatorAction: ['operators', 'Operator'],
};

const groups = [['pools', 'Pools', 'violet'], ['rotations', 'Rotations', 'teal'], ['failures', 'Failures', 'red'], ['recoveries', 'Recoveries', 'green'], ['servers', 'Pressure', 'amber'], ['operators', 'Operators', 'blue']];

const groupOf = event => kinds[event.kind]?.[0] ?? 'servers';
const toneOf = event => groups.find(([key]) => key === groupOf(event))[2];

const words = { IdleTimeToLive: 'idle too long', LeastRecentlyUsed: 'least recently used', Overflow: 'surplus', Requested: 'asked for', Shutdown: 'shutdown' };

/** What the line doesn't say already. */
function messageOf(event) {
  if (event.kind === 'poolEvicted' && event.detail) return '';
  if (event.kind === 'poolCreated') return event.message.replace(/^Pool \S+ is ready: /, '').replace(/(version [0-9a-f]{8})[0-9a-f]{8,}/, '$1…');
  return event.message;
}

export function eventItem(event, { tenant = true } = {}) {
  return h('li', { class: 'event', data: { tone: toneOf(event), id: event.id } },
    h('time', { datetime: event.at }, clockTime(event.at)),
    h('i', { 'aria-hidden': 'true' }),
    h('div', { class: 'event-text' },
      h('span', { class: 'event-kind' }, kinds[event.kind]?.[1] ?? event.kind, event.detail ? h('em', {}, words[event.detail] ?? event.detail) : null),
      tenant && event.org ? h('a', { href: `#/tenants?service=${encodeURIComponent(event.service)}&org=${encodeURIComponent(event.org)}` }, `${event.service}/${event.org}`) : null,
      !event.org && event.server ? h('a', { href: `#/servers?server=${encodeURIComponent(event.server)}` }, event.server) : null,
      messageOf(event) ? h('span', { class: 'event-message' }, messageOf(event)) : null,
      event.by ? h('span', { class: 'event-by' }, `by ${event.by}`) : null));
}

/** Lanes of dots, newest at the right. */
function timeline() {
  const laneHeight = 26;
  const height = groups.length * laneHeight + 22;
  const svg = s('svg', { class: 'lanes', role: 'img', 'aria-label': 'Events of the last minutes by kind; the list below tells the same', height });
  const draw = events => {
    const width = Math.round(svg.clientWidth);
    if (!width) return;
    const end = now();
    const left = width < 560 ? 76 : 96, right = 10;
    const eldest = events.length ? now() - Date.parse(events.at(-1).at) : 900000;
    const span = [60000, 300000, 900000].find(most => eldest <= most) ?? 900000;
    const xOf = at => left + (1 - Math.min(1, Math.max(0, (end - at) / span))) * (width - left - right);
    svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const forgotten = { true: forgottenBefore(store.events, true), false: forgottenBefore(store.events, false) };
    const parts = [];
    groups.forEach(([key, label, tone], lane) => {
      const y = lane * laneHeight + laneHeight / 2;
      const from = forgotten[key === 'pools'] === null ? left : xOf(forgotten[key === 'pools']);
      if (from > left) parts.push(s('line', { x1: left, x2: from, y1: y, y2: y, class: 'lane forgotten' }, s('title', {}, 'Not kept that long')));
      parts.push(s('line', { x1: from, x2: width - right, y1: y, y2: y, class: 'lane' }), s('text', { x: left - 12, y: y + 4, 'text-anchor': 'end', 'data-tone': tone }, label));
    });
    // One dot for each few pixels of a lane, larger where many fall together.
    const buckets = new Map();
    for (const event of events) {
      const ago = end - Date.parse(event.at);
      if (ago > span) break;
      const x = Math.round((left + (1 - Math.max(0, ago) / span) * (width - left - right)) / 6) * 6;
      const key = `${groupOf(event)}:${x}`;
      const bucket = buckets.get(key);
      if (bucket) bucket.count++;
      else buckets.set(key, { x, event, count: 1 });
    }
    for (const { x, event, count } of buckets.values()) {
      const lane = groups.findIndex(([key]) => key === groupOf(event));
      parts.push(s('circle', { cx: Math.min(width - right, x), cy: lane * laneHeight + laneHeight / 2, r: Math.min(10, 3 + Math.sqrt(count - 1) * 1.1), 'data-tone': toneOf(event), class: 'dot' },
        s('title', {}, `${clockTime(event.at)} ${count > 1 ? `${count} events` : event.message}`)));
    }
    for (const part of width < 560 ? [0, 0.5, 1] : [0, 1 / 3, 2 / 3, 1]) {
      const x = left + (1 - part) * (width - left - right);
      parts.push(s('text', { x, y: height - 5, 'text-anchor': part === 0 ? 'end' : part === 1 ? 'start' : 'middle', class: 'axis' }, part ? `−${span > 60000 ? `${Number((part * span / 60000).toFixed(1))} min` : `${part * span / 1000} s`}` : 'now'));
    }
    svg.replaceChildren(...parts);
  };
  return { element: svg, draw };
}

export default function events(query) {
  const wanted = new Set((query.get('kind') ?? '').split(',').filter(Boolean));
  const search = h('input', { type: 'search', placeholder: 'Search events', 'aria-label': 'Search events', spellcheck: 'false', autocomplete: 'off', value: query.get('search') ?? '' });
  const lanes = timeline();
  const list = h('ol', { class: 'event-list' });
  const count = h('span', { class: 'muted', role: 'status' });
  let shown = '';
  const chips = h('div', { class: 'chips', role: 'group', 'aria-label': 'Kinds shown' }, groups.map(([key, label, tone]) =>
    h('button', {
      type: 'button', class: 'chip', 'aria-pressed': String(wanted.has(key)), data: { tone }, onclick: event => {
        if (!wanted.delete(key)) wanted.add(key);
        event.currentTarget.setAttribute('aria-pressed', String(wanted.has(key)));
        update();
      },
    }, h('i', { 'aria-hidden': 'true' }), label)));
  search.addEventListener('input', update);
  function update() {
    const text = search.value.trim().toLowerCase();
    const found = store.events.filter(event => (!wanted.size || wanted.has(groupOf(event)))
      && (!text || `${event.service}/${event.org} ${event.server} ${event.message} ${event.detail} ${event.by} ${kinds[event.kind]?.[1]}`.toLowerCase().includes(text)));
    lanes.draw(found);
    const key = `${found[0]?.id}:${found.length}`;
    if (key === shown) return;
    shown = key;
    setText(count, `${found.length} of the latest ${store.events.length}`);
    const kept = new Map([...list.children].map(li => [li.dataset.id, li]));
    const rows = found.slice(0, 200).map(event => kept.get(String(event.id)) ?? eventItem(event));
    replace(list, rows.length ? rows : h('li', { class: 'empty' }, 'No event matches.'));
  }
  return {
    element: h('div', { class: 'view' },
      h('div', { class: 'view-head' }, h('h1', {}, 'Events'), count),
      h('section', { class: 'panel' }, lanes.element),
      h('div', { class: 'toolbar' }, h('div', { class: 'search' }, icon('search'), search, h('kbd', { 'aria-hidden': 'true' }, '/')), chips),
      h('section', { class: 'panel flush' }, list)),
    update,
  };
}
