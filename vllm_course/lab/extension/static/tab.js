/* The tab of the course page: where its contents come from, when they are read again, and how a link opens. */
import { draw, showProblem, skeleton } from './page.js';
import { review } from './review.js';

const POLL_MS = 20_000;
const PATIENCE_MS = 10_000;
const STEP_MS = 100;
const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><path class="jp-icon3" fill="#616161" ' +
  'd="M3 5h7a2 2 0 0 1 2 2 2 2 0 0 1 2-2h7v13h-7a2 2 0 0 0-2 2 2 2 0 0 0-2-2H3zm2 2v9h6V8a1 1 0 0 0-1-1zm9 0a1 1 0 0 0' +
  '-1 1v8h6V7z"/></svg>';
const REMEDIES = {
  403: 'Log in again: reload this browser tab.',
  404: "The course's server extension must be running. Stop JupyterLab and start it again: make lab."
};

/** Return the tab: one widget for the whole session, which is closed and shown again. */
export function makeTab(app, packages) {
  const { LabIcon, PageConfig, Widget } = packages;
  const actions = {
    address: path => PageConfig.getUrl({ mode: 'multiple-document', treePath: path }),
    open: (path, heading) => openDocument(app, path, heading),
    refresh: makeRefresh(app, packages),
    review: place => review(place, makeAsk(app, packages))
  };

  class CourseTab extends Widget {
    onAfterShow() {
      void actions.refresh(this.node, actions);
    }
    onActivateRequest() {
      this.node.focus();
    }
  }

  const tab = new CourseTab();
  tab.id = 'vllm-course';
  Object.assign(tab.title, { label: 'vLLM course', caption: 'Lesson map and progress', closable: true });
  tab.icon = new LabIcon({ name: 'vllm-course:icon', svgstr: ICON });
  tab.title.icon = tab.icon.bindprops({ stylesheet: 'mainAreaTab' });
  skeleton(tab.node, actions);
  refreshWhileSeen(tab, actions);
  return tab;
}

/** Return a function that reads the map and draws it; when that fails, what is there already stays. It returns whether
 * that went well. Only a change is drawn: nobody loses the place where they read. */
function makeRefresh(app, { ServerConnection, URLExt }) {
  let shown = '';
  return async (node, actions) => {
    try {
      const map = await readMap(ServerConnection, app.serviceManager.serverSettings, URLExt);
      const text = JSON.stringify(map);
      if (text !== shown) {
        draw(node, map, actions);
        shown = text;
      }
      return true;
    } catch (error) {
      shown = '';
      showProblem(node, [error.message], actions);
      return false;
    }
  };
}

/** Read again when the browser's window or tab comes to the front, and now and then while the page can be seen. */
function refreshWhileSeen(tab, actions) {
  const refresh = () => {
    if (tab.isVisible && !document.hidden) {
      void actions.refresh(tab.node, actions);
    }
  };
  document.addEventListener('visibilitychange', refresh);
  window.addEventListener('focus', refresh);
  setInterval(refresh, POLL_MS);
}

/** Open a document in a tab, Markdown rendered, at a heading if one is given. */
async function openDocument(app, path, heading) {
  const factory = path.endsWith('.md') ? 'Markdown Preview' : undefined;
  const widget = await app.commands.execute('docmanager:open', { path, factory });
  if (!heading) {
    return;
  }
  const id = heading.replaceAll(' ', '-');
  const place = ['id', 'data-jupyter-id'].map(name => `[${name}="${CSS.escape(id)}"]`).join();
  // JupyterLab draws a notebook's cells when it has nothing else to do; before that there is nowhere to scroll to.
  for (let waited = 0; waited < PATIENCE_MS && !widget.node.querySelector(place); waited += STEP_MS) {
    await new Promise(resolve => setTimeout(resolve, STEP_MS));
  }
  widget.setFragment(`#${id}`);
}

/** Return what GET vllm-course/map answers, or throw an error whose message says what to do. */
function readMap(ServerConnection, settings, URLExt) {
  return read('map', 'The lesson map could not be read', {}, ServerConnection, settings, URLExt);
}

/** Return a function that asks what is due, or sends an answer; what goes wrong comes back as `problem`. */
function makeAsk(app, { ServerConnection, URLExt }) {
  return async sent => {
    const init = sent ? { method: 'POST', body: JSON.stringify(sent) } : {};
    const settings = app.serviceManager.serverSettings;
    try {
      return await read('review', 'The review could not be read', init, ServerConnection, settings, URLExt);
    } catch (error) {
      return { problem: error.message };
    }
  };
}

async function read(name, what, init, ServerConnection, settings, URLExt) {
  const url = URLExt.join(settings.baseUrl, 'vllm-course', name);
  const response = await ServerConnection.makeRequest(url, init, settings).catch(() => {
    throw new Error(`${what}: the server does not answer. Start JupyterLab again: make lab.`);
  });
  if (!response.ok) {
    const remedy = REMEDIES[response.status] ?? 'The terminal in which JupyterLab runs says why.';
    throw new Error(`${what}: the server answered ${response.status}. ${remedy}`);
  }
  return response.json();
}
