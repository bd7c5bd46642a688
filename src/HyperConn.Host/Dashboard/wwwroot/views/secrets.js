// Secrets: how old, which version, when next. Values never leave the host.
import { h, number, duration, since, setText, setAttr, replace, icon, shortVersion } from '../dom.js';
import { get } from '../api.js';
import { table } from '../table.js';
import { store, now } from '../store.js';
import { openMenu } from '../actions.js';

function ageCell(secret, td) {
  if (!td.firstChild) td.append(h('span', { class: 'age', role: 'img' }, h('i', {})));
  const bar = td.firstChild;
  const fetched = Date.parse(secret.fetchedAt);
  const stale = Date.parse(secret.staleAt);
  const known = secret.fetchedAt && secret.staleAt && stale > fetched;
  const share = known ? Math.min(1, (now() - fetched) / (stale - fetched)) : 0;
  bar.firstChild.style.width = `${share * 100}%`;
  bar.classList.toggle('due', share >= 1);
  setAttr(bar, 'aria-label', known ? `${Math.round(share * 100)} % of its time to live` : 'Not known');
}

export default function secrets(query) {
  let nextReload = 0;
  const search = h('input', { type: 'search', placeholder: 'Search secrets', 'aria-label': 'Search secrets', spellcheck: 'false', autocomplete: 'off', value: query.get('search') ?? '' });
  const list = table({
    label: 'Secrets', sort: 'name', empty: 'No secret in use.',
    rowKey: secret => secret.name, rowLabel: secret => secret.name,
    onOpen: secret => { location.hash = `#/tenants?search=${encodeURIComponent(secret.org)}`; },
    onActions: (secret, button) => openMenu(button, { scope: 'tenant', service: secret.services[0], org: secret.org }, () => list.reload()),
    load: state => {
      nextReload = performance.now() + 1900;
      return get('secrets', { search: search.value.trim(), ...state });
    },
    columns: [
      { key: 'name', label: 'Secret', sort: 'name', wide: true, cell: (secret, td) => { if (!td.firstChild) td.append(h('b', { class: 'mono' })); setText(td.firstChild, secret.name); } },
      { key: 'services', label: 'Services', cell: secret => secret.services.join(', ') },
      {
        key: 'version', label: 'Version', cell: (secret, td) => {
          if (!td.firstChild) td.append(h('span', { class: 'mono' }));
          setText(td.firstChild, shortVersion(secret.version));
          setAttr(td, 'title', secret.version);
        },
      },
      { key: 'age', label: 'Age', sort: 'age', numeric: true, cell: secret => since(secret.fetchedAt, now()) },
      { key: 'life', label: 'Time to live', cell: ageCell },
      {
        key: 'refresh', label: 'Next refresh', sort: 'refresh', numeric: true,
        cell: secret => !secret.staleAt ? '–' : Date.parse(secret.staleAt) > now() ? `in ${duration((Date.parse(secret.staleAt) - now()) / 1000)}` : 'at next use',
      },
      {
        key: 'failures', label: 'Failures', sort: 'failures', cell: (secret, td) => {
          setText(td, secret.failures ? `${number(secret.failures)}${secret.failureCode ? ` · ${secret.failureCode}` : ''}` : '');
          td.classList.toggle('bad', secret.failures > 0);
        },
      },
      {
        key: 'actions', label: '', cell: (secret, td) => {
          if (!td.firstChild) td.append(h('button', {
            type: 'button', class: 'icon-button small', tabindex: '-1', 'aria-haspopup': 'menu',
            onclick: event => { const { item } = event.currentTarget.closest('tr'); openMenu(event.currentTarget, { scope: 'tenant', service: item.services[0], org: item.org }, () => list.reload()); },
          }, icon('more')));
          setAttr(td.firstChild, 'aria-label', `Actions on ${secret.name}`);
        },
      },
    ],
  });
  let typing;
  search.addEventListener('input', () => { clearTimeout(typing); typing = setTimeout(() => list.first(), 80); });
  const summary = h('div', { class: 'strip' });
  list.first();
  return {
    element: h('div', { class: 'view' },
      h('div', { class: 'view-head' }, h('h1', {}, 'Secrets'), h('span', { class: 'muted' }, 'Names and ages only: values are never sent to this page')),
      summary, h('div', { class: 'toolbar' }, h('div', { class: 'search' }, icon('search'), search, h('kbd', { 'aria-hidden': 'true' }, '/'))), list.element),
    update() {
      const { secretsCached, secretCalls, secretCacheHits, rotations } = store.totals;
      const asked = secretCacheHits + secretCalls;
      replace(summary, [['Cached', number(secretsCached)], ['Calls to the store', number(secretCalls)], ['Answered from the cache', asked ? `${(secretCacheHits / asked * 100).toFixed(1)} %` : '–'], ['Rotations seen', number(rotations)]]
        .map(([key, value]) => h('div', {}, h('span', { class: 'muted' }, key), h('b', {}, value))));
      if (performance.now() >= nextReload && !document.hidden && !document.querySelector('dialog[open], .menu')) list.reload();
    },
  };
}
