// Small helpers to build the page. Nothing here (nor anywhere else) parses HTML from text.

const SVG = 'http://www.w3.org/2000/svg';

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'class') element.setAttribute('class', value);
    else if (name === 'data') Object.assign(element.dataset, value);
    else if (name === 'style') for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else if (name in element && typeof value !== 'string' && !(element instanceof SVGElement)) element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter(c => c !== null && c !== undefined && c !== false));
  return element;
}

export const h = (tag, properties, ...children) => fill(document.createElement(tag), properties, children);
export const s = (tag, properties, ...children) => fill(document.createElementNS(SVG, tag), properties, children);

/** Sets text only where it changed: untouched nodes cost no layout. */
export function setText(node, text) {
  const value = String(text ?? '');
  if (node.textContent !== value) node.textContent = value;
}

export function setAttr(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value)) {
    node.setAttribute(name, value);
  }
}

export function replace(parent, ...children) {
  parent.replaceChildren(...children.flat(Infinity).filter(c => c !== null && c !== undefined && c !== false));
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

export const number = value => value === null || value === undefined ? '–' : Math.abs(value) >= 100000 ? compact.format(value) : whole.format(value);

export const rate = value => value === null || value === undefined ? '–' : value >= 1000 ? compact.format(value) : value >= 10 ? whole.format(value) : value.toFixed(value === 0 ? 0 : 1);

export function duration(seconds) {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return '–';
  const s = Math.max(0, seconds);
  if (s === 0) return '0 s';
  if (s < 1) return `${Math.round(s * 1000)} ms`;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 90) return `${Math.round(s)} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  if (s < 129600) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} d`;
}

export const since = (at, now) => at ? duration((now - Date.parse(at)) / 1000) : '–';

export const clockTime = at => new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });

export const shortVersion = version => !version ? '–' : version.length > 12 ? `${version.slice(0, 8)}…` : version;

export const sum = values => values.reduce((total, value) => total + value, 0);

export const announce = text => setText(document.getElementById('announce'), text);

export function icon(name) {
  const paths = {
    pause: 'M8 5v14M16 5v14', resume: 'M8 5l11 7-11 7z', drain: 'M12 4v11m0 0 4-4m-4 4-4-4M5 20h14',
    refresh: 'M19 8a8 8 0 1 0 1 7M19 3v5h-5', ban: 'M5.6 5.6l12.8 12.8', more: 'M6 12h.01M12 12h.01M18 12h.01',
    close: 'M6 6l12 12M18 6 6 18', search: 'M16 16l4 4', left: 'M14 6l-6 6 6 6', right: 'M10 6l6 6-6 6',
  };
  return s('svg', { viewBox: '0 0 24 24', class: `icon icon-${name}`, 'aria-hidden': 'true' },
    name === 'ban' ? s('circle', { cx: 12, cy: 12, r: 9 }) : null,
    name === 'search' ? s('circle', { cx: 11, cy: 11, r: 6 }) : null,
    s('path', { d: paths[name] }));
}

export const states = [
  ['busy', 'Busy', 'Leases open'], ['waiting', 'Waiting', 'Callers wait for a connection'], ['idle', 'Idle', 'Live, no lease open'],
  ['resolving', 'Resolving', 'The secret is being looked up'], ['draining', 'Draining', 'Closes when its leases end'],
  ['failing', 'Failing', 'A failure is remembered'], ['paused', 'Paused', 'Paused by an operator'], ['banned', 'Banned', 'Banned by an operator'],
];

export const stateLabel = state => (states.find(([key]) => key === state) ?? [state, state])[1];

export const stateTag = state => h('span', { class: 'state', data: { state } }, h('i', { 'aria-hidden': 'true' }), stateLabel(state));
