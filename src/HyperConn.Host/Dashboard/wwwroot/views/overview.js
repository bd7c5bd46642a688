// Overview: how much, how fast, how full, and what to look at first.
import { h, number, rate, duration, setText, setAttr, replace, states, since } from '../dom.js';
import { areaChart, sparkline } from '../charts.js';
import { store, now, isRoutine } from '../store.js';
import { budgetBar } from './servers.js';
import { eventItem } from './events.js';
import { tenantMap } from './map.js';
import { workerPanel } from './worker.js';
import { openMenu } from '../actions.js';

const tiles = [
  ['pools', 'Live pools', 'violet', () => number(store.now.pools), () => `${number(evictions())} evicted so far`],
  ['leases', 'Open leases', 'blue', () => number(store.now.leases), () => `${number(store.totals.tenantsByState.busy ?? 0)} tenants busy`],
  ['hotPerSecond', 'Acquisitions / s', 'teal', () => rate(store.now.hotPerSecond + store.now.coldPerSecond), () => `${share()} hot`],
  ['waiting', 'Waiting', 'amber', () => number(store.now.waiting), () => store.now.waiting ? `longest ${duration(store.now.oldestWait)}` : 'nobody waits'],
  ['inUse', 'Connections', 'blue', () => number(store.now.inUse + store.now.idleHeld), () => store.now.limit === null ? 'no limit' : `of ${number(store.now.limit)} allowed`],
  ['failedPerSecond', 'Failures / s', 'red', () => rate(store.now.failedPerSecond), () => `${number(store.totals.failedAcquisitions)} since start`],
];

const evictions = () => Object.values(store.totals.evictions).reduce((a, b) => a + b, 0);

function share() {
  const { hotAcquisitions: hot, coldAcquisitions: cold } = store.totals;
  return hot + cold === 0 ? '–' : `${(hot / (hot + cold) * 100).toFixed(hot / (hot + cold) > 0.999 ? 2 : 1)} %`;
}

const ranges = [[60, '1 min'], [300, '5 min'], [900, '15 min']];

export default function overview() {
  let seconds = Number(localStorage.getItem('hyperconn.range')) || 300;
  const sparks = new Map();
  const tileRow = h('section', { class: 'tiles', 'aria-label': 'Key numbers' }, tiles.map(([key, label, tone]) => {
    const spark = sparkline(tone);
    const value = h('div', { class: 'tile-value', data: { metric: key } });
    const note = h('div', { class: 'tile-note' });
    sparks.set(key, { spark, value, note });
    return h('div', { class: 'tile', data: { tone } }, h('div', { class: 'tile-label' }, label), value, note, spark.element);
  }));
  const acquisitions = areaChart({
    label: 'Acquisitions per second over time, hot and cold', format: rate,
    series: [
      { key: 'hot', label: 'Hot', tone: 'teal', kind: 'area' },
      { key: 'cold', label: 'Cold', tone: 'amber', kind: 'area' },
      { key: 'failed', label: 'Failed', tone: 'red', kind: 'line' },
    ],
  });
  const connections = areaChart({
    label: 'Connections over time against the budget', format: number,
    series: [
      { key: 'inUse', label: 'In use', tone: 'blue', kind: 'area' },
      { key: 'idleHeld', label: 'Idle, held', tone: 'slate', kind: 'area' },
      { key: 'limit', label: 'Limit', tone: 'red', kind: 'limit' },
      { key: 'waiting', label: 'Waiting', tone: 'amber', kind: 'line' },
    ],
  });
  const attention = h('ul', { class: 'attention' });
  const attentionCount = h('span', { class: 'count' });
  const servers = h('div', { class: 'server-list' });
  const events = h('ol', { class: 'event-list compact' });
  const map = tenantMap();
  const worker = workerPanel();
  const mapLegend = h('div', { class: 'legend map-legend' });
  const range = h('div', { class: 'segments', role: 'group', 'aria-label': 'Time shown' }, ranges.map(([value, text]) =>
    h('button', {
      type: 'button', 'aria-pressed': String(value === seconds), onclick: event => {
        seconds = value;
        localStorage.setItem('hyperconn.range', value);
        for (const button of event.currentTarget.parentElement.children) button.setAttribute('aria-pressed', String(button === event.currentTarget));
        charts();
      },
    }, text)));
  const element = h('div', { class: 'view overview' },
    h('div', { class: 'view-head' }, h('h1', {}, 'Overview'), h('span', { class: 'muted', id: 'uptime' }), h('span', { class: 'grow' }), range),
    tileRow,
    h('div', { class: 'grid' },
      h('section', { class: 'panel wide' }, h('h2', {}, 'Acquisitions per second'), acquisitions.element),
      h('section', { class: 'panel attention-panel' }, h('h2', {}, 'Needs attention ', attentionCount), attention),
      h('section', { class: 'panel wide' }, h('h2', {}, 'Connections'), connections.element),
      h('section', { class: 'panel' }, h('h2', {}, 'Servers ', h('a', { href: '#/servers', class: 'more' }, 'All')), servers),
      worker.element,
      h('section', { class: 'panel all' }, h('h2', {}, 'Tenants at a glance ', h('a', { href: '#/tenants', class: 'more' }, 'Table')), mapLegend, map.element),
      h('section', { class: 'panel all' }, h('h2', {}, 'Latest events ', h('a', { href: '#/events', class: 'more' }, 'All')), events)));

  function charts() {
    const { at, hotPerSecond, coldPerSecond, failedPerSecond, inUse, idleHeld, limit, waiting } = store.history;
    acquisitions.update(at, { hot: hotPerSecond, cold: coldPerSecond, failed: failedPerSecond }, seconds);
    connections.update(at, { inUse, idleHeld, limit, waiting }, seconds);
    for (const [key, { spark }] of sparks) spark.draw(at, store.history[key], seconds);
  }

  function attend() {
    setText(attentionCount, store.attention.length || '');
    if (!store.attention.length) {
      if (!attention.querySelector('.calm')) replace(attention, h('li', { class: 'calm' }, h('i', { 'aria-hidden': 'true' }), 'Nothing. Every server, secret and tenant is well.'));
      return;
    }
    // A menu may be open on a row: rows are kept while they say the same.
    const kept = new Map([...attention.children].map(li => [li.dataset.key, li]));
    const rows = store.attention.slice(0, 8).map(item => {
      const key = `${item.severity}|${item.title}`;
      const row = kept.get(key) ?? attentionRow(item);
      row.dataset.key = key;
      setText(row.querySelector('p'), item.detail);
      return row;
    });
    if (rows.length !== attention.children.length || rows.some((row, i) => attention.children[i] !== row)) attention.replaceChildren(...rows);
  }

  return {
    element,
    update() {
      setText(element.querySelector('#uptime'), `sampled for ${since(store.overview.startedAt, now())}`);
      tiles.forEach(([key, , , value, note]) => {
        setText(sparks.get(key).value, value());
        setText(sparks.get(key).note, note());
      });
      charts();
      attend();
      serverRows(servers);
      worker.update();
      const notable = store.events.filter(event => !isRoutine(event));
      const latest = (notable.length ? notable : store.events).slice(0, 6);
      if (events.dataset.last !== String(latest[0]?.id ?? '')) {
        events.dataset.last = String(latest[0]?.id ?? '');
        replace(events, latest.length ? latest.map(event => eventItem(event)) : h('li', { class: 'empty' }, 'Nothing yet.'));
      }
      const counts = store.totals.tenantsByState;
      replace(mapLegend, states.filter(([key]) => counts[key]).map(([key, label]) =>
        h('a', { class: 'legend-item', href: `#/tenants?state=${key}`, data: { state: key } }, h('i', { 'aria-hidden': 'true' }), label, h('b', {}, number(counts[key])))));
      map.update();
    },
    dispose() {
      acquisitions.dispose();
      connections.dispose();
      map.dispose();
    },
  };
}

function attentionRow(item) {
  const target = item.all ? { scope: 'all' } : item.server ? { scope: 'server', server: item.server } : item.org ? { scope: 'tenant', service: item.service, org: item.org } : null;
  return h('li', { data: { severity: item.severity } },
    h('i', { 'aria-hidden': 'true' }),
    h('div', {}, h('strong', {}, item.title), h('p', {}, item.detail)),
    target ? h('button', { type: 'button', class: 'button small', 'aria-haspopup': 'menu', 'aria-label': `Actions: ${item.title}`, onclick: event => openMenu(event.currentTarget, target) }, 'Act') : null);
}

function serverRows(parent) {
  const top = [...store.servers].sort((a, b) => b.waiting - a.waiting || (b.inUse + b.idleHeld) / (b.limit ?? 1e9) - (a.inUse + a.idleHeld) / (a.limit ?? 1e9)).slice(0, 6);
  if (!top.length) {
    replace(parent, h('p', { class: 'empty' }, 'No server in use yet.'));
    return;
  }
  while (parent.children.length > top.length || parent.firstElementChild?.tagName === 'P') parent.lastElementChild.remove();
  top.forEach((server, i) => {
    let row = parent.children[i];
    if (!row) {
      row = h('a', { class: 'server-row' }, h('div', { class: 'server-row-head' }, h('span', { class: 'mono' }), h('b', {})), budgetBar());
      parent.append(row);
    }
    setAttr(row, 'href', `#/servers?server=${encodeURIComponent(server.server)}`);
    setText(row.querySelector('span'), server.server);
    setText(row.querySelector('b'), `${number(server.inUse + server.idleHeld)}${server.limit === null ? '' : ` / ${number(server.limit)}`}${server.waiting ? ` · ${number(server.waiting)} wait` : ''}`);
    row.querySelector('.bar').update(server);
  });
}
