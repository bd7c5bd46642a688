// Servers: each budget as a bar now and as an area over time, with who waits.
import { h, number, duration, setText, setAttr, replace, icon } from '../dom.js';
import { areaChart } from '../charts.js';
import { store } from '../store.js';
import { openMenu } from '../actions.js';

/** A bar: in use, idle but held, free. */
export function budgetBar() {
  const used = h('i', { class: 'bar-used' });
  const idle = h('i', { class: 'bar-idle' });
  const element = h('div', { class: 'bar', role: 'img' }, used, idle);
  element.update = server => {
    const whole = Math.max(1, server.limit ?? server.inUse + server.idleHeld, server.inUse + server.idleHeld);
    used.style.width = `${server.inUse / whole * 100}%`;
    idle.style.width = `${server.idleHeld / whole * 100}%`;
    element.classList.toggle('full', server.limit !== null && server.inUse >= server.limit);
    setAttr(element, 'aria-label', `${server.inUse} in use, ${server.idleHeld} idle${server.limit === null ? ', no limit' : ` of ${server.limit}`}`);
  };
  return element;
}

const MostDots = 60;

function waiters() {
  const dots = h('span', { class: 'dots', 'aria-hidden': 'true' });
  const text = h('span', {});
  const element = h('div', { class: 'waiters' }, dots, text);
  element.update = server => {
    const count = Math.min(MostDots, server.waiting);
    while (dots.children.length > count) dots.lastElementChild.remove();
    while (dots.children.length < count) dots.append(h('i', {}));
    setText(text, server.waiting ? `${number(server.waiting)} waiting, the longest for ${duration(server.oldestWait)}` : 'Nobody waits');
    element.classList.toggle('some', server.waiting > 0);
  };
  return element;
}

function card(name) {
  const bar = budgetBar();
  const line = waiters();
  const chart = areaChart({
    label: `Connections of ${name} over time`, format: number, height: 120, compact: true,
    series: [
      { key: 'inUse', label: 'In use', tone: 'blue', kind: 'area' },
      { key: 'idleHeld', label: 'Idle, held', tone: 'slate', kind: 'area' },
      { key: 'limit', label: 'Limit', tone: 'red', kind: 'limit' },
      { key: 'waiting', label: 'Waiting', tone: 'amber', kind: 'line' },
    ],
  });
  const tags = h('span', { class: 'tags' });
  const big = h('div', { class: 'server-big' });
  const facts = h('dl', { class: 'facts inline' });
  const actions = h('button', { type: 'button', class: 'button small', 'aria-haspopup': 'menu', 'aria-label': `Actions on ${name}`, onclick: event => openMenu(event.currentTarget, { scope: 'server', server: name }) }, 'Actions', icon('more'));
  const reason = h('p', { class: 'fault', hidden: true });
  const element = h('section', { class: 'panel server', data: { server: name } },
    h('header', {}, h('h2', { class: 'mono' }, name), tags, h('span', { class: 'grow' }), h('a', { class: 'more', href: `#/tenants?server=${encodeURIComponent(name)}` }, 'Tenants'), actions),
    h('div', { class: 'server-body' },
      h('div', { class: 'server-now' }, big, bar, line, reason, facts),
      chart.element));
  return {
    element,
    dispose: chart.dispose,
    update(server, seconds) {
      replace(big, h('b', {}, number(server.inUse + server.idleHeld)), server.limit === null ? ' connections, no limit' : ` of ${number(server.limit)} connections`);
      bar.update(server);
      line.update(server);
      replace(tags,
        server.circuit !== 'closed' ? h('span', { class: 'tag', data: { tone: server.circuit === 'open' ? 'red' : 'amber' } }, server.circuit === 'open' ? 'Circuit open' : 'Circuit half open') : null,
        server.restriction ? h('span', { class: 'tag', data: { tone: 'amber' } }, server.restriction) : null,
        server.limit !== null && server.inUse >= server.limit ? h('span', { class: 'tag', data: { tone: 'amber' } }, 'Budget spent') : null);
      reason.hidden = !server.circuitReason;
      setText(reason, server.circuitReason ?? '');
      replace(facts, [['Opening', server.opening], ['Pools', server.pools], ['Reclaims', server.reclaims], ['Refusals', server.refusals], ['Timed out', server.timedOut]]
        .map(([key, value]) => h('div', {}, h('dt', {}, key), h('dd', {}, number(value)))));
      const history = store.serverHistory.get(name);
      if (history) chart.update(history.at, history, seconds);
    },
  };
}

export default function servers(query) {
  const cards = new Map();
  const list = h('div', { class: 'server-cards' });
  const count = h('span', { class: 'muted' });
  const element = h('div', { class: 'view' }, h('div', { class: 'view-head' }, h('h1', {}, 'Servers'), count), list);
  let wanted = query.get('server');
  return {
    element,
    navigate(next) { wanted = next.get('server'); this.update(); },
    update() {
      const seconds = Number(localStorage.getItem('hyperconn.range')) || 300;
      setText(count, `${store.servers.length} in use`);
      if (!store.servers.length && !list.querySelector('.empty')) replace(list, h('p', { class: 'empty' }, 'No server in use yet. A server appears with its first tenant.'));
      else if (store.servers.length) list.querySelector('.empty')?.remove();
      for (const server of store.servers) {
        let entry = cards.get(server.server);
        if (!entry) {
          cards.set(server.server, entry = card(server.server));
          list.append(entry.element);
        }
        entry.update(server, seconds);
      }
      for (const [name, entry] of cards) {
        if (store.servers.some(server => server.server === name)) continue;
        entry.dispose();
        entry.element.remove();
        cards.delete(name);
      }
      if (wanted && cards.has(wanted)) {
        const target = cards.get(wanted).element;
        wanted = null;
        requestAnimationFrame(() => { target.scrollIntoView({ block: 'center' }); target.classList.add('flash'); });
      }
    },
    dispose() { for (const entry of cards.values()) entry.dispose(); },
  };
}
