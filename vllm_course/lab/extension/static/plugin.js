/* What JupyterLab learns about the course: a command that opens its page, and that the page is there from the start. */
import { makeTab } from './tab.js';

const OPEN = 'vllm-course:open';
const NARROW_PIXELS = 1000;
const PACKAGES = [
  '@jupyterlab/application',
  '@jupyterlab/apputils',
  '@jupyterlab/coreutils',
  '@jupyterlab/launcher',
  '@jupyterlab/services',
  '@jupyterlab/ui-components',
  '@lumino/widgets'
];

/** Return the plugin; shared(name) is a package of JupyterLab's own. */
export async function makePlugin(shared) {
  const packages = Object.assign({}, ...(await Promise.all(PACKAGES.map(shared))));
  const { ICommandPalette, ILabShell, ILauncher, ILayoutRestorer } = packages;
  return {
    id: 'vllm-course:plugin',
    description: 'The lesson map of the vLLM course.',
    autoStart: true,
    optional: [ILabShell, ILayoutRestorer, ICommandPalette, ILauncher],
    activate: (app, labShell, restorer, palette, launcher) => {
      if (!labShell) {
        return; // Jupyter Notebook loads the same extensions and has no tabs
      }
      const page = makeTab(app, packages);
      addCommand(app, labShell, palette, launcher, page);
      restorer?.add(page, 'vllm-course');
      void labShell.restored.then(layout => openOnStart(app, labShell, page, layout));
    }
  };
}

/** Add the command, to the palette and to JupyterLab's launcher too. */
function addCommand(app, labShell, palette, launcher, page) {
  app.commands.addCommand(OPEN, {
    label: 'vLLM course',
    caption: 'Open the lesson map, with your progress',
    icon: page.icon,
    execute: () => {
      if (!page.isAttached) {
        labShell.add(page, 'main');
      }
      labShell.activateById(page.id);
    }
  });
  palette?.addItem({ command: OPEN, category: 'vLLM course' });
  launcher?.add({ command: OPEN, category: 'Other', rank: 0 });
}

/** See to it that the page is the first tab, and in front only when there is nothing else. */
function openOnStart(app, labShell, page, layout) {
  if (labShell.mode === 'single-document') {
    return; // one document was asked for, without tabs
  }
  const [first] = labShell.widgets('main');
  if (!page.isAttached) {
    labShell.add(page, 'main', first ? { ref: first.id, mode: 'tab-before', activate: false } : {});
  }
  if (layout.fresh && window.innerWidth < NARROW_PIXELS) {
    void app.restored.then(() => labShell.collapseLeft()); // the file browser would take a third of the window
  }
}
