/* The HTML of the course page: headings, links and progress bars from what GET vllm-course/map answered. */

const LEAD =
  'Open a notebook and run it cell by cell, then do its exercises: they check themselves. What you have done shows here.';

/** Return an element with properties, attributes and children; null and false among the children are left out. */
function h(tag, properties = {}, ...children) {
  const { attributes, ...others } = properties;
  const element = Object.assign(document.createElement(tag), others);
  Object.entries(attributes ?? {}).forEach(([name, value]) => element.setAttribute(name, value));
  element.append(...children.filter(child => child !== null && child !== false));
  return element;
}

/** Fill the tab with what stays: title, place for a problem, button, and the two panels: the map and the review. */
export function skeleton(node, actions) {
  node.classList.add('vc-page');
  node.tabIndex = -1;
  const status = h('span', { className: 'vc-refreshed', attributes: { role: 'status' } });
  const refresh = async () => {
    status.textContent = '';
    status.textContent = (await actions.refresh(node, actions)) ? `Read again at ${new Date().toLocaleTimeString()}` : '';
  };
  const button = { id: 'vc-refresh', type: 'button', className: 'vc-button', onclick: refresh };
  node.append(
    h(
      'div',
      { className: 'vc-column' },
      h(
        'div',
        { className: 'vc-header' },
        h('h1', {}, 'The vLLM course'),
        status,
        h('button', button, 'Refresh progress')
      ),
      h('div', { className: 'vc-problem', attributes: { role: 'alert' }, hidden: true }),
      ...panels([
        ['lessons', 'Lessons', h('p', { className: 'vc-lead' }, LEAD), h('div', { className: 'vc-map' })],
        ['review', 'Review', h('div', { className: 'vc-review' })]
      ], name => name === 'review' && actions.review(node.querySelector('.vc-review')))
    )
  );
}

/** Panels of which one is shown, and before them their tabs; entries are name, title and contents. The keys are those
 * of all tabs: left and right, Home and End. shown(name) is called when one comes to the front. */
function panels(entries, shown) {
  const choose = (index, focus) => {
    tabs.forEach((tab, n) => {
      tab.setAttribute('aria-selected', String(n === index));
      tab.tabIndex = n === index ? 0 : -1;
      bodies[n].hidden = n !== index;
    });
    if (focus) {
      tabs[index].focus();
    }
    shown(entries[index][0]);
  };
  const onkeydown = event => {
    const last = tabs.length - 1;
    const now = tabs.indexOf(event.target);
    const next = { ArrowRight: (now + 1) % tabs.length, ArrowLeft: now ? now - 1 : last, Home: 0, End: last }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      choose(next, true);
    }
  };
  const tabs = entries.map(([name, title], n) =>
    h('button', {
      id: `vc-tab-${name}`,
      type: 'button',
      className: 'vc-tab',
      onclick: () => choose(n, true),
      attributes: { role: 'tab', 'aria-controls': `vc-panel-${name}` }
    }, title)
  );
  const bodies = entries.map(([name, , ...contents]) =>
    h('div', { id: `vc-panel-${name}`, attributes: { role: 'tabpanel', 'aria-labelledby': `vc-tab-${name}` } }, ...contents)
  );
  choose(0, false);
  return [h('div', { className: 'vc-tabs', onkeydown, attributes: { role: 'tablist' } }, ...tabs), ...bodies];
}

/** Draw a map in place of the one before; who was on a link with the keyboard stays on it. */
export function draw(node, map, actions) {
  const focused = node.contains(document.activeElement) && document.activeElement.id;
  const link = linker(actions);
  node.querySelector('.vc-map').replaceChildren(
    h('p', {}, link('vc-next', map.next.text, map.next.path, { className: 'vc-next', heading: map.next.heading })),
    section('vc-lessons', 'Lessons', list('ol', map.lessons.map(lesson => card(lesson, link)))),
    ...(map.forecasts ? [forecasts(map.forecasts)] : []),
    section('vc-concepts', 'Concepts', list('ul', map.concepts.map(page => concept(page, link))))
  );
  showProblem(node, map.problems, actions);
  if (focused) {
    document.getElementById(focused)?.focus();
  }
}

/** Show messages above the map; without a map, also the way to the lesson map that is always there. */
export function showProblem(node, messages, actions) {
  const place = node.querySelector('.vc-problem');
  const text = messages.join('\n');
  if (place.dataset.text === text) {
    return; // said once: a screen reader would read it again
  }
  const hasMap = node.querySelector('.vc-map').hasChildNodes();
  const lessons = linker(actions)('vc-fallback', 'The lessons are listed here.', 'lessons/README.md');
  place.dataset.text = text;
  place.hidden = !messages.length;
  place.replaceChildren(...messages.map(message => h('p', {}, message)), ...(hasMap ? [] : [h('p', {}, lessons)]));
}

/** Return a function that makes links: a click opens in JupyterLab, with Ctrl or Shift or the middle button it is left
 * to the browser. A path of null makes text, because it could not be opened. */
function linker(actions) {
  return (id, text, path, { heading, ...properties } = {}) => {
    if (!path) {
      return h('span', { ...properties, id, className: `${properties.className ?? ''} vc-closed` }, text);
    }
    const onclick = event => {
      if (!(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)) {
        event.preventDefault();
        void actions.open(path, heading);
      }
    };
    return h('a', { ...properties, id, href: actions.address(path), onclick }, text);
  };
}

/** A part of the page under a heading. */
function section(id, title, ...children) {
  const heading = h('h2', { id: `${id}-title` }, title);
  return h('section', { className: id, attributes: { 'aria-labelledby': heading.id } }, heading, ...children);
}

/** A list; the role is said because Safari forgets it for a list without bullets. */
function list(tag, items) {
  return h(tag, { attributes: { role: 'list' } }, ...items);
}

/** How well the learner forecasts: one sentence, and the largest surprises. */
function forecasts({ summary, surprises }) {
  const items = surprises.map(text => h('li', {}, text));
  const largest = items.length > 0 && [h('p', {}, 'The largest surprises:'), list('ul', items)];
  return section('vc-forecasts', 'Your forecasts', h('p', {}, summary), ...(largest || []));
}

/** One lesson: title, time, goal, three progress bars, links. */
function card(lesson, link) {
  const id = `vc-lesson-${lesson.lesson}`;
  const more = (name, text, path) => {
    const attributes = { 'aria-label': `${text} of lesson ${lesson.lesson}` };
    return h('li', {}, link(`${id}-${name}`, text, path, path ? { attributes } : {}));
  };
  const time = `${lesson.minutes} minutes, and ${lesson.exercise_minutes} minutes for the exercises`;
  return h(
    'li',
    { id, className: 'vc-lesson' },
    h('h3', {}, link(`${id}-title`, `${lesson.lesson} ${lesson.title}`, lesson.notebook)),
    lesson.goal && h('p', { className: 'vc-goal' }, `Afterwards you can ${lesson.goal}.`),
    lesson.minutes && h('p', { className: 'vc-time' }, time),
    lesson.exercises?.total > 0 && bar('exercises', lesson.exercises.passed, lesson.exercises.total),
    lesson.quiz?.total > 0 && bar('quiz', lesson.quiz.right, lesson.quiz.total),
    lesson.checklist?.total > 0 && bar('checklist', lesson.checklist.ticked, lesson.checklist.total),
    h(
      'ul',
      { className: 'vc-links', attributes: { role: 'list' } },
      more('notebook', 'Notebook', lesson.notebook),
      more('exercises', 'Exercises', lesson.exercises_notebook),
      more('script', 'Script', lesson.script)
    )
  );
}

/** A bar with its text: "exercises 3 of 10". */
function bar(name, value, max) {
  const text = `${name} ${value} of ${max}` + (value === max ? ' ✔' : '');
  return h('label', { className: `vc-progress vc-progress-${name}` }, h('span', {}, text), h('progress', { value, max }));
}

function concept({ title, path }, link) {
  return h('li', {}, link(`vc-concept-${title.toLowerCase().replaceAll(' ', '-')}`, title, path));
}
