// Nodes: each member of the cluster, its share of each server, and how each server's connections are divided.
import { h, number, rate, duration, setText, replace, icon } from '../dom.js';
import { store, loadNodes, look } from '../store.js';
import { openMenu } from '../actions.js';
import { budgetBar } from './servers.js';

const ReloadEvery = 2000;
const tones = ['blue', 'teal', 'violet', 'amber', 'green', 'red'];

const facts = [
  ['Pools', node => number(node.pools)],
  ['Leases', node => number(node.leases)],
  ['Acquired / s', node => rate(node.acquisitionsPerSecond)],
  ['Events / s', node => rate(node.eventsPerSecond)],
  ['Silence', node => duration(node.silence)],
];

const tag = (tone, text, title) => h('span', { class: 'tag', data: { tone }, title }, text);

function tags(node) {
  return [
    tag(node.status === 'Up' ? 'green' : 'amber', node.status, 'State in the cluster'),
    node.reachable ? null : tag('red', 'Unreachable', 'The failure detectors of the cluster do not reach it'),
    node.coordinator ? tag('violet', 'Coordinator', 'Divides the connections of each server') : null,
    node.self ? tag('blue', 'This node', 'Serves this page') : null,
    node.servers.length && !node.holdsShare ? tag('amber', 'No share', 'Its share has lapsed: it opens no new connections') : null,
    ...node.roles.map(role => tag('slate', role, 'Role')),
  ];
}

/** Rows of a node's servers, kept while numbers change. */
function serverRows(parent, servers) {
  while (parent.children.length > servers.length) parent.lastElementChild.remove();
  servers.forEach((server, i) => {
    let row = parent.children[i];
    if (!row) {
      row = h('div', { class: 'node-server' }, h('div', { class: 'node-server-head' }, h('span', { class: 'mono' }), h('b', {})), budgetBar());
      parent.append(row);
    }
    setText(row.querySelector('span'), server.server);
    setText(row.querySelector('b'), `${number(server.inUse)} in use · ${number(server.held)} ${server.share ? `of ${number(server.share)}` : 'held, no share'}${server.waiting ? ` · ${number(server.waiting)} wait` : ''}`);
    row.querySelector('.bar').update({ limit: server.share, inUse: server.inUse, idleHeld: Math.max(0, server.held - server.inUse) });
  });
}

function card(address) {
  let node = null;
  const name = h('h2', { class: 'mono' });
  const marks = h('span', { class: 'tags' });
  const fault = h('p', { class: 'fault' });
  const values = facts.map(() => h('dd', {}));
  const servers = h('div', { class: 'node-servers' });
  const show = h('button', { type: 'button', class: 'button small', onclick: () => { look(address); location.hash = '#/overview'; } }, 'Look at it alone');
  const act = h('button', { type: 'button', class: 'button small', 'aria-haspopup': 'menu', onclick: event => openMenu(event.currentTarget, { scope: 'all', node: address }) }, 'All its tenants', icon('more'));
  const element = h('section', { class: 'panel node', data: { node: address } },
    h('header', {}, name, marks), fault,
    h('dl', { class: 'facts' }, facts.map(([label], i) => h('div', {}, h('dt', { title: label === 'Silence' ? 'How long ago it heard the coordinator' : null }, label), values[i]))),
    servers, h('footer', {}, show, act));
  let shown = '';
  return {
    element,
    update(next) {
      node = next;
      setText(name, node.name);
      name.title = node.address;
      const key = JSON.stringify([node.status, node.reachable, node.coordinator, node.self, node.holdsShare, node.roles, node.servers.length > 0]);
      if (key !== shown) replace(marks, ...tags(node));
      shown = key;
      setText(fault, node.fault ?? '');
      if (node.fault) element.dataset.gone = '';
      else delete element.dataset.gone;
      facts.forEach(([, text], i) => setText(values[i], text(node)));
      serverRows(servers, node.servers);
      show.setAttribute('aria-label', `Look at ${node.name} alone`);
      act.setAttribute('aria-label', `Actions on all tenants of ${node.name}`);
      show.hidden = Boolean(node.fault);
    },
  };
}

/** One bar of a server: each node's share, the darker part held; then what is kept for nodes that are gone. */
function divided(server) {
  const { items } = store.nodes;
  const toneOf = part => tones[Math.max(0, items.findIndex(node => node.address === part.node)) % tones.length];
  const given = server.parts.reduce((sum, part) => sum + Math.max(part.share, part.held), 0);
  const whole = Math.max(1, server.limit, given + server.elsewhere);
  const segment = (part, i) => {
    const held = h('i', {});
    const bar = h('i', { data: { tone: toneOf(part) }, title: `${part.name}: ${part.held} of a share of ${part.share}` }, held);
    bar.style.width = `${Math.max(part.share, part.held) / whole * 100}%`;
    held.style.width = `${part.held / Math.max(1, part.share, part.held) * 100}%`;
    return bar;
  };
  const elsewhere = h('i', { class: 'elsewhere', title: `${server.elsewhere} kept for nodes that are not heard` });
  elsewhere.style.width = `${server.elsewhere / whole * 100}%`;
  const label = `${server.parts.map(part => `${part.name} holds ${part.held} of ${part.share}`).join(', ')}; limit ${server.limit}`;
  return h('div', { class: 'divided-server', data: { server: server.server } },
    h('h3', {}, h('b', { class: 'mono' }, server.server), h('span', {}, `${number(server.parts.reduce((sum, part) => sum + part.held, 0))} held of ${number(server.limit)}`)),
    h('div', { class: 'shares', role: 'img', 'aria-label': label }, server.parts.map(segment), server.elsewhere ? elsewhere : null),
    h('div', { class: 'legend' }, server.parts.map(part => h('span', { class: 'legend-item', data: { tone: toneOf(part) } },
      h('i', { 'aria-hidden': 'true' }), part.name, h('b', {}, `${number(part.held)} / ${number(part.share)}`), part.waiting ? `${number(part.waiting)} wait` : null)),
    server.elsewhere ? h('span', { class: 'legend-item', data: { tone: 'slate' } }, h('i', { 'aria-hidden': 'true' }), 'Kept for nodes not heard', h('b', {}, number(server.elsewhere))) : null));
}

export default function nodes() {
  const cards = new Map();
  const count = h('span', { class: 'muted' });
  const notice = h('p', { class: 'nodes-notice', role: 'status', hidden: true });
  const list = h('div', { class: 'node-cards' });
  const servers = h('div', { class: 'divided' });
  const element = h('div', { class: 'view' },
    h('div', { class: 'view-head' }, h('h1', {}, 'Nodes'), count), notice, list,
    h('section', { class: 'panel divided-panel' }, h('h2', {}, 'Who has what of each server'), servers));

  function render() {
    const { items, whyNot } = store.nodes;
    const well = items.filter(node => !node.fault && node.status === 'Up').length;
    setText(count, `${well} of ${items.length} up and answering`);
    notice.hidden = !whyNot;
    setText(notice, whyNot ? `Connection budgets stay as they are: ${whyNot}.` : '');
    for (const node of items) {
      let entry = cards.get(node.address);
      if (!entry) {
        cards.set(node.address, entry = card(node.address));
        list.append(entry.element);
      }
      entry.update(node);
    }
    for (const [address, entry] of cards) {
      if (items.some(node => node.address === address)) continue;
      entry.element.remove();
      cards.delete(address);
    }
    replace(servers, store.nodes.servers.length ? store.nodes.servers.map(divided) : h('p', { class: 'empty' }, 'No server in use yet.'));
  }

  const reload = () => { if (!document.hidden) loadNodes().then(render, () => {}); };
  const timer = setInterval(reload, ReloadEvery);
  render();
  reload();
  return { element, dispose: () => clearInterval(timer) };
}
