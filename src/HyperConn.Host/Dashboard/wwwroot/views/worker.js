// The worker of events: how it keeps up, and what goes wrong.
import { h, number, rate, duration, setText, replace } from '../dom.js';
import { store } from '../store.js';

const facts = [
  ['Handled / s', w => rate(w.handledPerSecond)],
  ['Handled', w => number(w.handled)],
  ['Waiting at the source', w => number(w.waitingAtSource)],
  ['Age of the oldest', w => duration(w.oldestAge)],
  ['In flight', w => number(w.inFlight)],
  ['Waiting here', w => number(w.waiting)],
  ['Retries', w => number(w.retries)],
  ['Duplicates', w => number(w.duplicates)],
  ['Rejected', w => number(w.rejected), w => w.rejected > 0],
];

const tones = { running: 'green', ended: 'slate', failed: 'red' };

/** A panel that hides itself where no worker runs. */
export function workerPanel() {
  const source = h('span', { class: 'mono muted' });
  const state = h('span', { class: 'tag' });
  const values = facts.map(() => h('dd', {}));
  const causes = h('ul', { class: 'causes' });
  const element = h('section', { class: 'panel all event-worker', hidden: true },
    h('h2', {}, 'Event worker ', source, state),
    h('dl', { class: 'facts' }, facts.map(([label], i) => h('div', {}, h('dt', {}, label), values[i]))),
    h('h3', {}, 'Causes of failures'), causes);
  let shown = null;
  return {
    element,
    update() {
      const worker = store.eventWorker;
      element.hidden = !worker;
      if (!worker) return;
      setText(source, worker.source);
      setText(state, worker.state);
      state.dataset.tone = tones[worker.state];
      facts.forEach(([, text, bad], i) => {
        setText(values[i], text(worker));
        values[i].classList.toggle('bad', bad?.(worker) === true);
      });
      const key = JSON.stringify([worker.causes, worker.moreCauses]);
      if (key === shown) return;
      shown = key;
      replace(causes, worker.causes.length ? worker.causes.map(cause) : h('li', { class: 'muted' }, 'None so far.'),
        worker.moreCauses ? h('li', { class: 'muted' }, `and ${number(worker.moreCauses)} more`) : null);
    },
  };
}

const cause = ({ code, condition, failures, rejected }) => h('li', {},
  h('span', { class: 'mono' }, code), condition ? h('span', { class: 'muted' }, condition) : null,
  h('span', { class: 'counts' },
    h('b', {}, `${number(failures)} ${failures === 1 ? 'failure' : 'failures'}`), h('span', { class: 'muted' }, `${number(rejected)} rejected`)));
