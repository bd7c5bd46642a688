// Operators' verbs: menu, confirmation, token, toasts.
import { h, icon, announce } from './dom.js';
import { get, post, token, scope, ApiError } from './api.js';
import { store } from './store.js';

export const verbs = {
  pause: { label: 'Pause', ask: 'Pause', effect: 'New leases wait until resumed, up to their own deadline. Open ones go on; idle connections close.' },
  resume: { label: 'Resume', ask: 'Resume', effect: 'Ends the pause or ban set on exactly this target.' },
  drain: { label: 'Drain and evict', ask: 'Drain', effect: 'Idle pools close now, busy ones when their last lease ends. The next request makes a new pool.' },
  refresh: { label: 'Refresh secret', ask: 'Refresh the secret of', effect: 'Fetches the secret again, forgets remembered failures and hands out the new credentials.' },
  ban: { label: 'Ban for a time', ask: 'Ban', effect: 'New leases fail at once until the ban ends. Pools are drained.' },
};

const bans = [[300, '5 minutes'], [900, '15 minutes'], [3600, '1 hour'], [28800, '8 hours'], [86400, '24 hours']];

export function describe(target) {
  if (target.scope === 'tenant') return `tenant ${target.service}/${target.org}`;
  return target.scope === 'server' ? `server ${target.server}` : 'all tenants';
}

/** Where a command goes: every node, or one. The choice begins with what the target says, or with what the page shows. */
function nodeChoice(target) {
  if (!scope.clustered) return null;
  const options = [['all', 'All nodes'], ...store.nodes.items.map(node => [node.address, node.self ? `${node.name} (this node)` : node.name])];
  const wanted = target.node ?? scope.node;
  return h('select', { id: 'action-node' }, options.map(([value, text]) => h('option', { value, selected: value === wanted }, text)));
}

const replies = nodes => h('ul', { class: 'replies' }, nodes.map(node => h('li', { data: { tone: node.accepted ? 'green' : node.answered ? 'amber' : 'red' } },
  h('i', { 'aria-hidden': 'true' }), h('b', { class: 'mono' }, node.name), h('span', {}, node.message))));

export function toast(text, kind = 'ok', more = null) {
  const element = h('div', { class: 'toast', data: { kind } }, more ? h('div', {}, text, more) : text,
    h('button', { type: 'button', class: 'icon-button small', 'aria-label': 'Dismiss', onclick: () => element.remove() }, icon('close')));
  document.getElementById('toasts').append(element);
  announce(text);
  setTimeout(() => element.remove(), kind === 'ok' && !more ? 6000 : 12000);
}

export function openDialog(title, body, { className = '', onClose } = {}) {
  const heading = h('h2', { id: `d${Math.random().toString(36).slice(2)}` }, title);
  const element = h('dialog', { class: `dialog ${className}`, 'aria-labelledby': heading.id },
    h('header', {}, heading, h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close', onclick: () => element.close() }, icon('close'))),
    body);
  element.addEventListener('close', () => { element.remove(); onClose?.(); });
  element.addEventListener('click', event => { if (event.target === element) element.close(); });
  document.body.append(element);
  element.showModal();
  return element;
}

/** Asks for the token; resolves with whether there is one that the host takes. */
export function askToken(reason) {
  return new Promise(resolve => {
    let granted = false;
    const input = h('input', { type: 'password', id: 'token-input', autocomplete: 'off', spellcheck: 'false', required: true });
    const fault = h('p', { class: 'fault', role: 'alert' });
    const forget = token.value ? h('button', { type: 'button', class: 'button', onclick: () => { token.value = ''; showToken(); dialog.close(); toast('Token forgotten.'); } }, 'Forget token') : null;
    const form = h('form', {
      onsubmit: async event => {
        event.preventDefault();
        const before = token.value;
        token.value = input.value.trim();
        try {
          const access = await get('access');
          if (access.acting) {
            granted = true;
            showToken();
            dispatchEvent(new Event('hyperconn-token'));
            dialog.close();
            return;
          }
          fault.textContent = access.tokenConfigured ? 'The host does not take this token.' : 'The host has no admin token configured: nothing can be changed.';
        } catch (error) {
          fault.textContent = error.message;
        }
        token.value = before;
        input.select();
      },
    },
      h('p', { class: 'muted' }, reason ?? 'Actions need the admin token of the host. It stays in this tab until you close it.'),
      h('label', { for: 'token-input' }, 'Admin token'), input, fault,
      h('footer', {}, forget, h('span', { class: 'grow' }), h('button', { class: 'button primary', type: 'submit' }, 'Unlock')));
    const dialog = openDialog('Admin token', form, { onClose: () => resolve(granted) });
    input.focus();
  });
}

export function showToken() {
  const button = document.getElementById('token');
  button.classList.toggle('unlocked', Boolean(token.value));
  button.title = token.value ? 'Admin token is set' : 'Admin token';
}

/** Confirms and carries out a verb. */
export async function confirmAction(verb, target, done) {
  if (!token.value && !await askToken()) return;
  const { label, ask, effect } = verbs[verb];
  const by = h('input', { id: 'action-by', autocomplete: 'name', required: true, maxlength: '100', value: localStorage.getItem('hyperconn.by') ?? '' });
  const reason = h('input', { id: 'action-reason', required: true, maxlength: '500', autocomplete: 'off', placeholder: 'Ticket or a few words; it is logged' });
  const seconds = verb === 'ban' ? h('select', { id: 'action-seconds' }, bans.map(([value, text]) => h('option', { value: String(value) }, text))) : null;
  const wide = target.scope === 'all' && verb !== 'refresh' && verb !== 'resume';
  const typed = wide ? h('input', { id: 'action-typed', required: true, pattern: 'all tenants', autocomplete: 'off', title: 'Type: all tenants' }) : null;
  const node = nodeChoice(target);
  const fault = h('div', { class: 'fault', role: 'alert' });
  const submit = h('button', { class: `button primary${verb === 'ban' || verb === 'drain' || wide ? ' danger' : ''}`, type: 'submit' }, label);
  const form = h('form', {
    onsubmit: async event => {
      event.preventDefault();
      submit.disabled = true;
      localStorage.setItem('hyperconn.by', by.value.trim());
      try {
        const reply = await post('actions', { ...target, verb, by: by.value.trim(), reason: reason.value.trim(), seconds: seconds ? Number(seconds.value) : null, node: node?.value ?? null });
        dialog.close();
        toast(`${label}, ${describe(target)}: ${reply.message}`, 'ok', reply.nodes.length ? replies(reply.nodes) : null);
        done?.();
      } catch (error) {
        fault.replaceChildren(error.message, ...(error.body?.nodes?.length ? [replies(error.body.nodes)] : []));
        if (error instanceof ApiError && error.status === 401) {
          token.value = '';
          showToken();
        }
      } finally {
        submit.disabled = false;
      }
    },
  },
    h('p', { class: 'effect' }, effect),
    seconds ? [h('label', { for: 'action-seconds' }, 'For'), seconds] : null,
    node ? [h('label', { for: 'action-node' }, 'On'), node] : null,
    h('label', { for: 'action-reason' }, 'Reason'), reason,
    h('label', { for: 'action-by' }, 'Your name'), by,
    typed ? [h('label', { for: 'action-typed' }, 'This touches every tenant. Type “all tenants” to go on'), typed] : null,
    fault,
    h('footer', {}, h('button', { type: 'button', class: 'button', onclick: () => dialog.close() }, 'Cancel'), h('span', { class: 'grow' }), submit));
  const dialog = openDialog(`${ask} ${describe(target)}?`, form);
  reason.focus();
}

/** Opens a menu of the verbs below a button. */
export function openMenu(button, target, done) {
  document.querySelector('.menu')?.remove();
  const close = refocus => {
    menu.remove();
    removeEventListener('pointerdown', outside, true);
    button.setAttribute('aria-expanded', 'false');
    if (refocus) button.focus();
  };
  const outside = event => { if (!menu.contains(event.target)) close(false); };
  const items = Object.entries(verbs).map(([verb, { label }]) =>
    h('button', { type: 'button', role: 'menuitem', data: { verb }, onclick: () => { close(true); confirmAction(verb, target, done); } }, icon(verb), label));
  const menu = h('div', {
    class: 'menu', role: 'menu', 'aria-label': `Actions on ${describe(target)}`,
    onkeydown: event => {
      const at = items.indexOf(document.activeElement);
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
      if (to !== undefined) {
        event.preventDefault();
        items[(to + items.length) % items.length].focus();
      } else if (event.key === 'Escape' || event.key === 'Tab') {
        event.stopPropagation();
        event.preventDefault();
        close(true);
      }
    },
  }, h('div', { class: 'menu-title' }, describe(target)), items);
  // Inside an open dialog the rest of the page is inert: the menu must live there too.
  (button.closest('dialog') ?? document.body).append(menu);
  const place = button.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(8, Math.min(innerWidth - size.width - 8, place.right - size.width))}px`;
  menu.style.top = `${place.bottom + size.height + 8 > innerHeight ? Math.max(8, place.top - size.height - 4) : place.bottom + 4}px`;
  button.setAttribute('aria-expanded', 'true');
  addEventListener('pointerdown', outside, true);
  items[0].focus();
}
