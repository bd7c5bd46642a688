// Every tenant as a small square: ten thousand states in one look.
import { h, stateLabel } from '../dom.js';
import { get } from '../api.js';

const letters = { b: 'busy', i: 'idle', r: 'resolving', d: 'draining', f: 'failing', w: 'waiting', p: 'paused', x: 'banned' };

export function tenantMap() {
  const canvas = h('canvas', { class: 'map', role: 'img', 'aria-label': 'Map of all tenants by state; the table of tenants tells the same' });
  const tip = h('div', { class: 'chart-tip map-tip', hidden: true });
  const element = h('div', { class: 'map-box' }, canvas, tip);
  let data = null;
  let cell = 8;
  let columns = 1;
  let loadedAt = 0;
  let hover = -1;
  let lookup = 0;

  function draw() {
    if (!data || !canvas.clientWidth) return;
    const width = canvas.clientWidth;
    const area = width * Math.min(300, Math.max(200, width * 0.28));
    cell = Math.max(4, Math.min(16, Math.floor(Math.sqrt(area / Math.max(1, data.count)))));
    columns = Math.max(1, Math.floor(width / cell));
    const height = Math.max(cell, Math.ceil(data.count / columns) * cell);
    const scale = devicePixelRatio || 1;
    canvas.width = width * scale;
    canvas.height = height * scale;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext('2d');
    context.scale(scale, scale);
    const css = getComputedStyle(element);
    const colours = Object.fromEntries(Object.entries(letters).map(([letter, state]) => [letter, css.getPropertyValue(`--map-${state}`).trim()]));
    canvas.dataset.drawn = data.count;
    const gap = cell > 5 ? 1.5 : 1;
    // By colour, so that the pen changes eight times and not ten thousand.
    for (const [letter, colour] of Object.entries(colours)) {
      context.fillStyle = probe(colour);
      context.beginPath();
      for (let i = 0; i < data.count; i++) {
        if (data.states[i] !== letter) continue;
        const x = i % columns * cell, y = Math.floor(i / columns) * cell;
        if (cell >= 8) context.roundRect(x, y, cell - gap, cell - gap, 2);
        else context.rect(x, y, cell - gap, cell - gap);
      }
      context.fill();
    }
  }

  // light-dark() is resolved on a property that takes a colour, not on a custom one.
  const swatch = h('i', { class: 'swatch', 'aria-hidden': 'true' });
  element.append(swatch);
  const probe = colour => { swatch.style.color = colour; return getComputedStyle(swatch).color; };

  canvas.addEventListener('pointermove', event => {
    if (!data) return;
    const index = Math.floor(event.offsetY / cell) * columns + Math.floor(event.offsetX / cell);
    if (index === hover || index >= data.count || event.offsetX >= columns * cell) return;
    hover = index;
    tip.hidden = false;
    tip.style.left = event.offsetX > canvas.clientWidth / 2 ? 'auto' : `${event.offsetX + 12}px`;
    tip.style.right = event.offsetX > canvas.clientWidth / 2 ? `${canvas.clientWidth - event.offsetX + 12}px` : 'auto';
    tip.style.top = `${event.offsetY + 14}px`;
    tip.textContent = stateLabel(letters[data.states[index]]);
    clearTimeout(lookup);
    lookup = setTimeout(async () => {
      const page = await get('tenants', { offset: index, limit: 1 }).catch(() => null);
      const tenant = page?.items[0];
      if (tenant && hover === index) tip.replaceChildren(h('strong', {}, `${tenant.service}/${tenant.org}`), h('div', {}, `${stateLabel(tenant.state)} · ${tenant.leases} leases`));
    }, 60);
  });
  canvas.addEventListener('pointerleave', () => { hover = -1; tip.hidden = true; });
  canvas.addEventListener('click', async () => {
    const page = hover >= 0 ? await get('tenants', { offset: hover, limit: 1 }).catch(() => null) : null;
    const tenant = page?.items[0];
    if (tenant) location.hash = `#/tenants?service=${encodeURIComponent(tenant.service)}&org=${encodeURIComponent(tenant.org)}`;
  });
  const observer = new ResizeObserver(draw);
  observer.observe(canvas.parentElement);
  const scheme = new MutationObserver(draw);
  scheme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  return {
    element,
    async update() {
      if (performance.now() - loadedAt < 1800) return;
      loadedAt = performance.now();
      data = await get('tenants/map').catch(() => data);
      draw();
    },
    dispose() {
      observer.disconnect();
      scheme.disconnect();
    },
  };
}
