// Starts the page: routes, shortcuts, theme, live state.
import { h, setText, announce, replace } from './dom.js';
import { scope } from './api.js';
import { start, store, subscribe, look, loadNodes } from './store.js';
import { askToken, openDialog, openMenu, showToken } from './actions.js';

const views = {
  overview: ['Overview', () => import('./views/overview.js')],
  tenants: ['Tenants', () => import('./views/tenants.js')],
  servers: ['Servers', () => import('./views/servers.js')],
  secrets: ['Secrets', () => import('./views/secrets.js')],
  events: ['Events', () => import('./views/events.js')],
  nodes: ['Nodes', () => import('./views/nodes.js')],
};

const NodesEvery = 5000;

const main = document.getElementById('main');
let current = null;
let turn = 0;

function route() {
  const [path, query] = location.hash.replace(/^#\/?/, '').split('?');
  return { name: path in views && (path !== 'nodes' || scope.clustered) ? path : 'overview', query: new URLSearchParams(query ?? '') };
}

async function show() {
  if (location.hash === '#main') return;
  const { name, query } = route();
  const mine = ++turn;
  if (current?.name === name && current.view.navigate) {
    current.view.navigate(query);
    return;
  }
  const [title, load] = views[name];
  const module = await load();
  if (mine !== turn || !store.overview) return;
  const moved = current !== null;
  current?.view.dispose?.();
  const view = module.default(query);
  current = { name, view };
  main.replaceChildren(view.element);
  view.update?.(null);
  for (const link of document.querySelectorAll('#nav a')) {
    if (link.dataset.view === name) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  document.title = `${title} · ${store.overview.title} · HyperConn`;
  if (moved) {
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
    announce(title);
  }
}

function badge(id, count, label) {
  const element = document.getElementById(id);
  element.hidden = count === 0;
  setText(element, count > 99 ? '99+' : count);
  element.title = `${count} ${label}`;
}

const nodeSelect = document.getElementById('node');
let shown = null;

/** The choice of nodes in the top bar, and what on the page is only there in a cluster. */
function showNodes() {
  nodeSelect.hidden = !scope.clustered;
  document.querySelector('#nav a[data-view=nodes]').hidden = !scope.clustered;
  if (!scope.clustered) return;
  const { items } = store.nodes;
  const options = [['all', 'All nodes'], ...items.map(node => [node.address, node.self ? `${node.name} (this)` : node.name])];
  if (nodeSelect.options.length !== options.length || options.some(([value, text], i) => nodeSelect.options[i].value !== value || nodeSelect.options[i].text !== text)) {
    replace(nodeSelect, options.map(([value, text]) => h('option', { value }, text)));
  }
  if (document.activeElement !== nodeSelect) nodeSelect.value = scope.node;
  badge('badge-nodes', items.filter(node => node.fault || node.status !== 'Up').length, 'need a look');
}

nodeSelect.addEventListener('change', () => look(nodeSelect.value));
setInterval(() => { if (scope.clustered && !document.hidden) loadNodes().then(showNodes, () => {}); }, NodesEvery);

subscribe(tick => {
  showNodes();
  if (current && shown !== store.shows) {
    // Made anew: what a view keeps is of the nodes that were shown before.
    current.view.dispose?.();
    current = null;
  }
  shown = store.shows;
  setText(document.getElementById('project'), store.overview.title === 'HyperConn' ? '' : store.overview.title);
  badge('badge-tenants', store.totals.tenantsByState.failing ?? 0, 'failing');
  badge('badge-servers', store.servers.filter(server => server.circuit !== 'closed' || server.waiting > 0).length, 'need a look');
  if (!current) show();
  else current.view.update?.(tick);
});

const liveTexts = { connecting: 'Connecting', live: 'Live', offline: 'Offline, trying again', locked: 'Needs the token' };

function setLive(state) {
  const element = document.getElementById('live-state');
  if (element.dataset.state === state || (state === 'connecting' && element.dataset.state === 'offline')) return;
  element.dataset.state = state;
  setText(document.getElementById('live-text'), liveTexts[state]);
  if (state === 'locked') askToken('This host is open to other machines, so reading needs the admin token too.');
}

function toggleTheme() {
  const dark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === 'dark'
    : matchMedia('(prefers-color-scheme: dark)').matches;
  document.documentElement.dataset.theme = dark ? 'light' : 'dark';
  localStorage.setItem('hyperconn.theme', document.documentElement.dataset.theme);
}

const shortcuts = () => [
  scope.clustered ? ['1 – 6', 'Overview, tenants, servers, secrets, events, nodes'] : ['1 – 5', 'Overview, tenants, servers, secrets, events'], ['/', 'Search'], ['↑ ↓', 'Move through a table'], ['Enter', 'Open the row'],
  ['a', 'Actions on the row'], ['PgUp PgDn', 'Page'], ['← →', 'Walk along a chart that has the focus'], ['d', 'Light or dark'], ['Esc', 'Close'], ['?', 'This list'],
];

function showHelp() {
  openDialog('Keyboard', h('dl', { class: 'keys' }, shortcuts().map(([key, text]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, text)])));
}

addEventListener('keydown', event => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  if (event.target.closest?.('input, select, textarea')) {
    if (event.key === 'Escape') event.target.blur();
    return;
  }
  const names = Object.keys(views).filter(name => name !== 'nodes' || scope.clustered);
  if (event.key >= '1' && event.key <= String(names.length)) location.hash = `#/${names[Number(event.key) - 1]}`;
  else if (event.key === '/') {
    event.preventDefault();
    const input = main.querySelector('input[type=search]');
    if (input) input.focus();
    else location.hash = '#/tenants?focus=search';
  } else if (event.key === 'd') toggleTheme();
  else if (event.key === '?') showHelp();
});

document.getElementById('theme').addEventListener('click', toggleTheme);
document.getElementById('help').addEventListener('click', showHelp);
document.getElementById('token').addEventListener('click', () => askToken());
document.getElementById('all-actions').addEventListener('click', event => openMenu(event.currentTarget, { scope: 'all' }));
document.querySelector('.skip').addEventListener('click', event => { event.preventDefault(); main.focus(); });
addEventListener('hashchange', show);
showToken();
start(setLive);
