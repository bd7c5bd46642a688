// Charts in SVG, drawn from columns of numbers.
import { h, s, setText, clockTime } from './dom.js';

/** The part of the columns that lies within the last seconds, thinned to about one point per two pixels (the highest wins). */
export function windowOf(at, columns, seconds, points) {
  const end = at.at(-1) ?? Date.now();
  let first = Math.max(0, at.length - 1);
  while (first > 0 && at[first - 1] >= end - seconds * 1000) first--;
  const count = at.length - first;
  const step = Math.max(1, Math.ceil(count / Math.max(2, points)));
  const times = [];
  const thinned = columns.map(() => []);
  // Buckets hang on the clock, not on the window: else the line would tremble with each new sample.
  const bucket = step * Math.max(1, (end - at[first]) / Math.max(1, count - 1));
  for (let i = first; i < at.length;) {
    const id = Math.floor(at[i] / bucket);
    let next = i + 1;
    while (step > 1 && next < at.length && Math.floor(at[next] / bucket) === id) next++;
    times.push(at[next - 1]);
    columns.forEach((column, c) => {
      let top = null;
      for (let j = i; j < next; j++) if (column[j] !== null && column[j] !== undefined && (top === null || column[j] > top)) top = column[j];
      thinned[c].push(top);
    });
    i = next;
  }
  return { times, columns: thinned, start: end - seconds * 1000, end };
}

export function niceMax(value) {
  if (value <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].map(m => m * power).find(m => m >= value * 1.04) ?? value;
}

function line(points) {
  let d = '';
  let pen = 'M';
  for (const [x, y] of points) {
    if (y === null) { pen = 'M'; continue; }
    d += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = 'L';
  }
  return d;
}

/** Small line without axes. */
export function sparkline(tone) {
  const area = s('path', { class: 'spark-area' });
  const stroke = s('path', { class: 'spark-line' });
  const element = s('svg', { class: 'spark', viewBox: '0 0 200 40', preserveAspectRatio: 'none', 'aria-hidden': 'true', 'data-tone': tone }, area, stroke);
  return {
    element,
    draw(at, column, seconds = 180) {
      const { times, columns: [values], start, end } = windowOf(at, [column], seconds, 100);
      const top = Math.max(1, ...values.map(v => v ?? 0)) * 1.1;
      const points = times.map((t, i) => [(t - start) / (end - start || 1) * 200, values[i] === null ? null : 39 - values[i] / top * 36]);
      const path = line(points);
      stroke.setAttribute('d', path);
      const drawn = points.filter(p => p[1] !== null);
      area.setAttribute('d', drawn.length ? `${path}L${drawn.at(-1)[0].toFixed(1)} 40L${drawn[0][0].toFixed(1)} 40Z` : '');
    },
  };
}

/**
 * Area chart with axes, a crosshair and a legend.
 * series: [{ key, label, tone, kind: 'area' | 'line' | 'limit' }]; areas are stacked in their order.
 */
export function areaChart({ series, format, label, height = 190, compact = false }) {
  const svg = s('svg', { class: 'chart-svg', role: 'img', 'aria-label': label, tabindex: '0', height });
  const grid = s('g', { class: 'chart-grid' });
  const plot = s('g', {});
  const marks = new Map(series.map(item => [item.key, {
    area: item.kind === 'area' ? plot.appendChild(s('path', { class: 'chart-area', 'data-tone': item.tone })) : null,
    line: plot.appendChild(s('path', { class: `chart-line line-${item.kind}`, 'data-tone': item.tone })),
  }]));
  const cursor = s('line', { class: 'chart-cursor', visibility: 'hidden' });
  svg.append(grid, plot, cursor);
  const tip = h('div', { class: 'chart-tip', hidden: true });
  const legendValues = new Map();
  const legend = h('div', { class: 'legend' }, series.map(item => {
    const value = h('b', {});
    legendValues.set(item.key, value);
    return h('span', { class: 'legend-item', data: { tone: item.tone, kind: item.kind } }, h('i', { 'aria-hidden': 'true' }), item.label, value);
  }));
  const element = h('div', { class: `chart${compact ? ' chart-compact' : ''}` }, legend, h('div', { class: 'chart-box' }, svg, tip));
  let data = null;
  let frame = null;
  let focus = null;

  function draw() {
    if (!data) return;
    const width = Math.round(svg.clientWidth);
    if (!width) return;
    svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const left = 40, right = 6, top = 8, bottom = compact ? 18 : 20;
    const { times, columns, start, end } = windowOf(data.at, series.map(i => data[i.key]), data.seconds, width / 2);
    const stacked = [];
    let base = times.map(() => 0);
    series.forEach((item, index) => {
      const values = columns[index];
      if (item.kind === 'area') {
        const upper = values.map((v, i) => base[i] + (v ?? 0));
        stacked.push({ lower: base, upper });
        base = upper;
      } else {
        stacked.push({ upper: values });
      }
    });
    const highest = Math.max(0, ...stacked.flatMap(part => part.upper.map(v => v ?? 0)));
    const max = niceMax(highest);
    const x = t => left + (t - start) / (end - start || 1) * (width - left - right);
    const y = v => height - bottom - v / max * (height - top - bottom);
    series.forEach((item, index) => {
      const { area, line: stroke } = marks.get(item.key);
      const points = stacked[index].upper.map((v, i) => [x(times[i]), v === null ? null : y(v)]);
      stroke.setAttribute('d', line(points));
      if (area) {
        const back = stacked[index].lower.map((v, i) => [x(times[i]), y(v)]).reverse();
        area.setAttribute('d', points.length ? `${line(points)}${line(back).replace('M', 'L')}Z` : '');
      }
      const latest = data[item.key].at(-1);
      setText(legendValues.get(item.key), latest === null || latest === undefined ? 'none' : format(latest));
    });
    const ticks = [];
    const lines = compact ? 2 : 4;
    for (let i = 0; i <= lines; i++) {
      const value = max * i / lines;
      ticks.push(s('line', { x1: left, x2: width - right, y1: y(value), y2: y(value), class: i === 0 ? 'chart-base' : '' }));
      ticks.push(s('text', { x: left - 8, y: y(value) + 3.5, 'text-anchor': 'end' }, format(value)));
    }
    const spans = [[0, 'now'], [data.seconds / 3, null], [data.seconds * 2 / 3, null], [data.seconds, null]];
    for (const [ago, text] of spans) {
      const at = x(end - ago * 1000);
      ticks.push(s('text', { x: Math.min(width - right, at), y: height - 4, 'text-anchor': ago === 0 ? 'end' : ago === data.seconds ? 'start' : 'middle' },
        text ?? (ago >= 60 ? `−${+(ago / 60).toFixed(1)} min` : `−${Math.round(ago)} s`)));
    }
    grid.replaceChildren(...ticks);
    frame = { times, columns, x, width, left, right, top, bottom };
    if (focus !== null) show(Math.min(focus, times.length - 1));
  }

  function show(index) {
    if (!frame || index < 0 || !frame.times.length) return;
    focus = index;
    const at = frame.x(frame.times[index]);
    for (const [name, value] of [['x1', at], ['x2', at], ['y1', frame.top], ['y2', height - frame.bottom]]) cursor.setAttribute(name, value);
    cursor.setAttribute('visibility', 'visible');
    tip.replaceChildren(h('time', {}, clockTime(frame.times[index])), ...series.map((item, i) => {
      const value = frame.columns[i][index];
      return h('div', { data: { tone: item.tone } }, h('i', { 'aria-hidden': 'true' }), item.label, h('b', {}, value === null || value === undefined ? 'none' : format(value)));
    }));
    tip.hidden = false;
    const onRight = at > frame.width / 2;
    tip.style.left = onRight ? 'auto' : `${at + 10}px`;
    tip.style.right = onRight ? `${frame.width - at + 10}px` : 'auto';
  }

  function hide() {
    focus = null;
    tip.hidden = true;
    cursor.setAttribute('visibility', 'hidden');
  }

  svg.addEventListener('pointermove', event => {
    if (!frame || !frame.times.length) return;
    const at = event.offsetX;
    let best = 0;
    frame.times.forEach((t, i) => { if (Math.abs(frame.x(t) - at) < Math.abs(frame.x(frame.times[best]) - at)) best = i; });
    show(best);
  });
  svg.addEventListener('pointerleave', hide);
  svg.addEventListener('blur', hide);
  svg.addEventListener('keydown', event => {
    if (!frame) return;
    const last = frame.times.length - 1;
    const moves = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };
    if (event.key in moves) {
      event.preventDefault();
      show(Math.max(0, Math.min(last, (focus ?? last + 1) + moves[event.key])));
    } else if (event.key === 'Escape') {
      hide();
    }
  });
  const observer = new ResizeObserver(draw);
  observer.observe(svg);
  return {
    element,
    update(at, columns, seconds) {
      data = { at, seconds, ...columns };
      draw();
    },
    dispose: () => observer.disconnect(),
  };
}
