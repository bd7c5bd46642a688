// Tenants: search, filter, sort, page; one in detail; the verbs.
import { h, number, duration, since, setText, setAttr, replace, states, stateTag, stateLabel, shortVersion, clockTime, icon } from '../dom.js';
import { get } from '../api.js';
import { table } from '../table.js';
import { store, now } from '../store.js';
import { openDialog, openMenu, verbs, confirmAction } from '../actions.js';
import { eventItem } from './events.js';

const target = tenant => ({ scope: 'tenant', service: tenant.service, org: tenant.org });
const nameOf = tenant => `${tenant.service}/${tenant.org}`;

function leasesCell(tenant, td) {
  let bar = td.querySelector('.mini');
  if (!bar) td.append(h('span', { class: 'mini-number' }), bar = h('span', { class: 'mini', 'aria-hidden': 'true' }, h('i', {})));
  setText(td.querySelector('.mini-number'), number(tenant.leases));
  bar.firstChild.style.width = `${tenant.permits ? Math.min(1, tenant.leases / tenant.permits) * 100 : 0}%`;
  setAttr(bar, 'title', `${tenant.leases} leases on ${tenant.permits} connections`);
}

function stateCell(tenant, td) {
  if (td.dataset.state === tenant.state) return;
  td.dataset.state = tenant.state;
  replace(td, stateTag(tenant.state));
}

function failureCell(tenant, td) {
  const text = tenant.failures ? `${number(tenant.failures)}${tenant.failureCode ? ` · ${tenant.failureCode}` : ''}` : '';
  setText(td, text);
  setAttr(td, 'title', tenant.failureMessage ?? '');
  td.classList.toggle('bad', tenant.failures > 0);
}

const isHeld = tenant => tenant.oldestLease !== null && store.overview.leakThreshold > 0 && tenant.oldestLease >= store.overview.leakThreshold;

function lastUsedCell(tenant, td) {
  const held = isHeld(tenant);
  setText(td, held ? `held ${duration(tenant.oldestLease)}` : tenant.leases ? 'now' : since(tenant.lastUsedAt, now()));
  setAttr(td, 'title', held ? 'A lease is open for so long: look for a connection that is never disposed.' : null);
  td.classList.toggle('late', held);
}

const whyKept = tenant => ({ inUse: 'a lease is open', heldLong: `a lease is open for ${duration(tenant.oldestLease)}`, waiting: 'callers wait for it' })[tenant.notEvicted];

export default function tenants(query) {
  const wanted = new Set((query.get('state') ?? '').split(',').filter(Boolean));
  let server = query.get('server') ?? '';
  let nextReload = 0;
  const search = h('input', { type: 'search', id: 'search', placeholder: 'Search tenants, users, databases, servers', 'aria-label': 'Search tenants', spellcheck: 'false', autocomplete: 'off', value: query.get('search') ?? '' });
  const took = h('span', { class: 'muted', id: 'took' });
  const chips = h('div', { class: 'chips', role: 'group', 'aria-label': 'States shown' }, states.map(([key, label, title]) =>
    h('button', {
      type: 'button', class: 'chip', title, 'aria-pressed': String(wanted.has(key)), data: { state: key }, onclick: event => {
        if (!wanted.delete(key)) wanted.add(key);
        event.currentTarget.setAttribute('aria-pressed', String(wanted.has(key)));
        list.first();
      },
    }, h('i', { 'aria-hidden': 'true' }), label, h('b', {}))));
  const serverSelect = h('select', { 'aria-label': 'Server', onchange: () => { server = serverSelect.value; list.first(); } });
  const list = table({
    label: 'Tenants', sort: 'leases', desc: true, empty: 'No tenant matches.',
    rowKey: nameOf, rowLabel: tenant => `${nameOf(tenant)}, ${stateLabel(tenant.state)}`,
    onOpen: open,
    onActions: (tenant, button) => openMenu(button, target(tenant), () => list.reload()),
    load: async state => {
      nextReload = performance.now() + 1900;
      const started = performance.now();
      const page = await get('tenants', { search: search.value.trim(), state: [...wanted].join(','), server, ...state, desc: state.desc });
      setText(took, `found in ${Math.round(performance.now() - started)} ms`);
      return page;
    },
    columns: [
      {
        key: 'name', label: 'Tenant', sort: 'name', wide: true, cell: (tenant, td) => {
          if (!td.firstChild) td.append(h('b', {}), h('span', { class: 'muted' }));
          setText(td.firstChild, tenant.org);
          setText(td.lastChild, tenant.service);
        },
      },
      { key: 'state', label: 'State', sort: 'state', cell: stateCell },
      { key: 'leases', label: 'Leases', sort: 'leases', numeric: true, cell: leasesCell },
      { key: 'waiting', label: 'Waiting', sort: 'waiting', numeric: true, cell: tenant => tenant.waiting ? number(tenant.waiting) : '' },
      { key: 'server', label: 'Server', sort: 'server', cell: tenant => tenant.server ?? '–' },
      { key: 'user', label: 'User', sort: 'user', cell: tenant => tenant.user ?? '–' },
      { key: 'lastUsed', label: 'Last use', sort: 'lastUsed', numeric: true, cell: lastUsedCell },
      { key: 'secretAge', label: 'Secret age', sort: 'secretAge', numeric: true, cell: tenant => since(tenant.secretFetchedAt, now()) },
      { key: 'failures', label: 'Failures', sort: 'failures', cell: failureCell },
      {
        key: 'actions', label: '', cell: (tenant, td) => {
          if (!td.firstChild) td.append(h('button', { type: 'button', class: 'icon-button small', tabindex: '-1', 'aria-haspopup': 'menu', onclick: event => openMenu(event.currentTarget, target(event.currentTarget.closest('tr').item), () => list.reload()) }, icon('more')));
          setAttr(td.firstChild, 'aria-label', `Actions on ${nameOf(tenant)}`);
        },
      },
    ],
  });
  let typing;
  search.addEventListener('input', () => { clearTimeout(typing); typing = setTimeout(() => list.first(), 40); });
  search.addEventListener('keydown', event => {
    if (event.key === 'ArrowDown' || event.key === 'Enter') {
      event.preventDefault();
      list.focus();
    }
  });
  const element = h('div', { class: 'view' },
    h('div', { class: 'view-head' }, h('h1', {}, 'Tenants'), took),
    h('div', { class: 'toolbar' }, h('div', { class: 'search' }, icon('search'), search, h('kbd', { 'aria-hidden': 'true' }, '/')), serverSelect, chips),
    list.element);

  function open(tenant) {
    const content = h('div', { class: 'detail' });
    let events = [];
    const render = async () => {
      const fresh = await get('tenant', { service: tenant.service, org: tenant.org }).catch(() => null);
      if (fresh) tenant = fresh;
      content.classList.toggle('gone', !fresh);
      const page = await get('events', { search: nameOf(tenant), limit: 12 }).catch(() => null);
      events = page?.items ?? events;
      replace(content, ...details(tenant, events, !fresh));
    };
    const buttons = h('div', { class: 'verbs' }, Object.entries(verbs).map(([verb, { label }]) =>
      h('button', { type: 'button', class: 'button', data: { verb }, onclick: () => confirmAction(verb, target(tenant), render) }, icon(verb), label)));
    const timer = setInterval(render, 2000);
    openDialog(nameOf(tenant), h('div', {}, buttons, content), { className: 'drawer', onClose: () => clearInterval(timer) });
    replace(content, ...details(tenant, events, false));
    render();
  }

  function navigate(next) {
    search.value = next.get('search') ?? search.value;
    server = next.get('server') ?? '';
    if (next.has('state')) {
      wanted.clear();
      for (const state of next.get('state').split(',').filter(Boolean)) wanted.add(state);
    }
    for (const chip of chips.children) chip.setAttribute('aria-pressed', String(wanted.has(chip.dataset.state)));
    begin(next);
    list.first();
  }

  function begin(from) {
    if (from.get('focus') === 'search') requestAnimationFrame(() => search.focus());
    if (from.has('org')) open({ service: from.get('service'), org: from.get('org'), state: 'idle' });
  }

  function options() {
    const names = store.servers.map(s => s.server);
    if (server && !names.includes(server)) names.push(server);
    const all = ['', ...names];
    if (serverSelect.options.length !== all.length || all.some((name, i) => serverSelect.options[i].value !== name)) {
      replace(serverSelect, all.map(name => h('option', { value: name }, name || 'All servers')));
    }
    serverSelect.value = server;
  }

  requestAnimationFrame(() => begin(query));
  list.first();
  return {
    element,
    navigate,
    update() {
      options();
      for (const chip of chips.children) setText(chip.querySelector('b'), number(store.totals.tenantsByState[chip.dataset.state] ?? 0));
      if (performance.now() >= nextReload && !document.hidden && !document.querySelector('dialog[open], .menu')) list.reload();
    },
  };
}

function details(tenant, events, gone) {
  const fact = (key, value) => value === null || value === undefined ? null : h('div', {}, h('dt', {}, key), h('dd', {}, value));
  const at = value => value ? `${since(value, now())} ago` : null;
  return [
    h('p', { class: 'detail-state' }, gone ? 'No live pool at the moment.' : stateTag(tenant.state),
      tenant.restrictionReason ? h('span', {}, `${tenant.restrictionReason} — ${tenant.restrictedBy}${tenant.restrictedUntil ? `, until ${clockTime(tenant.restrictedUntil)}` : ''}`) : null),
    tenant.failureMessage ? h('div', { class: 'failure', role: 'note' }, h('strong', {}, `${tenant.failureCode}${tenant.failures > 1 ? `, ${tenant.failures} in a row` : ''}`), h('p', {}, tenant.failureMessage),
      tenant.retryAt ? h('p', { class: 'muted' }, `Next try at ${clockTime(tenant.retryAt)}`) : null) : null,
    tenant.createdAt ? h('dl', { class: 'facts' },
      fact('Leases', number(tenant.leases)), fact('Oldest lease', tenant.oldestLease === null ? null : duration(tenant.oldestLease)),
      fact('Not evicted, because', whyKept(tenant)),
      fact('Connections held', number(tenant.permits)), fact('Waiting', number(tenant.waiting)),
      fact('Leases so far', number(tenant.accessCount)), fact('Last use', tenant.leases ? 'now' : at(tenant.lastUsedAt)),
      fact('Pool made', at(tenant.createdAt)), fact('Server', tenant.server), fact('User', tenant.user), fact('Database', tenant.database),
      fact('Generation', tenant.generation + (tenant.drainingGenerations ? `, ${tenant.drainingGenerations} draining` : '')),
      fact('Secret version', shortVersion(tenant.secretVersion)), fact('Secret read', at(tenant.secretFetchedAt)),
      fact('Next refresh', tenant.secretStaleAt ? Date.parse(tenant.secretStaleAt) > now() ? `in ${duration((Date.parse(tenant.secretStaleAt) - now()) / 1000)}` : 'at the next use' : null)) : null,
    h('h3', {}, 'Events'),
    h('ol', { class: 'event-list compact' }, events.length ? events.map(event => eventItem(event, { tenant: false })) : h('li', { class: 'empty' }, 'None remembered.')),
  ];
}
