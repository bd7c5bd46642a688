// A sortable, paged table that keeps its rows (and the focus on them) while numbers change.
import { h, setText, setAttr, icon, number } from './dom.js';

/**
 * columns: [{ key, label, sort, numeric, cell(row, td) }]; load({ sort, desc, offset, limit }) → { total, items }.
 */
export function table({ label, columns, rowKey, rowLabel, load, onOpen, onActions, sort, desc = false, empty }) {
  let state = { sort, desc, offset: 0, limit: 50 };
  let total = 0;
  let latest = 0;
  let rows = [];
  const known = new Map();
  const heads = columns.map(column => {
    if (!column.sort) return h('th', { scope: 'col', class: column.numeric ? 'numeric' : '' }, column.label === '' ? h('span', { class: 'sr' }, 'Actions') : column.label);
    return h('th', { scope: 'col', class: column.numeric ? 'numeric' : '', data: { sort: column.sort } },
      h('button', {
        type: 'button', class: 'sort', onclick: () => {
          state = { ...state, sort: column.sort, desc: state.sort === column.sort ? !state.desc : Boolean(column.numeric), offset: 0 };
          reload();
        },
      }, column.label, h('i', { 'aria-hidden': 'true' })));
  });
  const body = h('tbody', {});
  const info = h('span', { class: 'muted', role: 'status' });
  const turn = (by, label, name) => h('button', { type: 'button', class: 'icon-button', 'aria-label': label, title: label, data: { page: name }, onclick: () => page(by) }, icon(name));
  const back = turn(-1, 'Page back', 'left');
  const forth = turn(1, 'Page forth', 'right');
  const blank = h('p', { class: 'empty', hidden: true }, empty);
  const element = h('div', { class: 'table-box' },
    h('div', { class: 'table-scroll' }, h('table', { class: 'table', 'aria-label': label }, h('thead', {}, h('tr', {}, heads)), body), blank),
    h('footer', { class: 'pager' }, info, h('span', { class: 'grow' }), back, forth));

  function page(by) {
    const offset = state.offset + by * state.limit;
    if (offset < 0 || offset >= total) return;
    state = { ...state, offset };
    reload(true);
  }

  function focusRow(index) {
    const row = body.children[Math.max(0, Math.min(body.children.length - 1, index))];
    if (!row) return;
    for (const other of body.children) other.tabIndex = other === row ? 0 : -1;
    row.focus();
    row.scrollIntoView({ block: 'nearest' });
  }

  body.addEventListener('keydown', event => {
    const row = event.target.closest('tr');
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const at = [...body.children].indexOf(row);
    const moves = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: body.children.length - 1 };
    if (event.key in moves) {
      event.preventDefault();
      focusRow(moves[event.key]);
    } else if (event.key === 'PageDown' || event.key === 'PageUp') {
      event.preventDefault();
      page(event.key === 'PageDown' ? 1 : -1);
    } else if (event.key === 'Enter' && event.target === row) {
      event.preventDefault();
      onOpen?.(row.item);
    } else if (event.key === 'a' && onActions) {
      event.preventDefault();
      onActions(row.item, row.querySelector('button') ?? row);
    }
  });
  body.addEventListener('click', event => {
    const row = event.target.closest('tr');
    if (!row || event.target.closest('button, a') || getSelection()?.toString()) return;
    onOpen?.(row.item);
  });

  function makeRow() {
    const row = h('tr', { tabindex: '-1' }, columns.map(column => h('td', { class: column.numeric ? 'numeric' : column.wide ? 'wide-cell' : '', data: { label: column.label, column: column.key } })));
    return row;
  }

  function render(items) {
    rows = items;
    const next = items.map(item => {
      const key = rowKey(item);
      let row = known.get(key);
      if (!row) known.set(key, row = makeRow());
      row.item = item;
      setAttr(row, 'aria-label', rowLabel(item));
      columns.forEach((column, i) => {
        const value = column.cell(item, row.children[i]);
        if (value !== undefined) setText(row.children[i], value);
      });
      return row;
    });
    const wanted = new Set(next);
    for (const [key, row] of known) {
      if (wanted.has(row)) continue;
      row.remove();
      known.delete(key);
    }
    const focused = document.activeElement?.closest?.('tr');
    next.forEach((row, i) => { if (body.children[i] !== row) body.insertBefore(row, body.children[i] ?? null); });
    if (focused && wanted.has(focused) && !focused.contains(document.activeElement)) focused.focus({ preventScroll: true });
    if (!next.some(row => row.tabIndex === 0) && next[0]) next[0].tabIndex = 0;
    blank.hidden = items.length > 0;
    for (const head of heads) if (head.dataset.sort) setAttr(head, 'aria-sort', head.dataset.sort === state.sort ? (state.desc ? 'descending' : 'ascending') : 'none');
    setText(info, total === 0 ? 'None' : `${number(state.offset + 1)}–${number(state.offset + items.length)} of ${number(total)}`);
    back.disabled = state.offset === 0;
    forth.disabled = state.offset + items.length >= total;
  }

  async function reload(toTop) {
    const mine = ++latest;
    const page = await load(state).catch(() => null);
    if (!page || mine !== latest) return;
    total = page.total;
    if (page.items.length === 0 && total > 0 && state.offset > 0) {
      state = { ...state, offset: 0 };
      await reload();
      return;
    }
    const hadFocus = body.contains(document.activeElement);
    render(page.items);
    if (toTop) {
      if (hadFocus) focusRow(0);
      element.scrollIntoView({ block: 'nearest' });
    }
  }

  return {
    element,
    reload,
    first() { state = { ...state, offset: 0 }; return reload(); },
    focus: () => focusRow(0),
    get rows() { return rows; },
    get total() { return total; },
  };
}
