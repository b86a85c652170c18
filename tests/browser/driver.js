// What the tests ask of JupyterLab, through the application that it exposes as window.jupyterapp. Each function that
// takes a path means the notebook that is open under it; each promise ends when JupyterLab is done.
(() => {
  const app = () => window.jupyterapp;

  const panel = (path) => {
    const found = [...app().shell.widgets("main")].find((widget) => widget.context?.path === path);
    if (!found) throw new Error(`notebook must be open, got ${path}`);
    return found;
  };

  const cells = (path) => panel(path).content.widgets;

  const command = (path, name) => {
    app().shell.activateById(panel(path).id);
    return app().commands.execute(name);
  };

  const within = (seconds, promise, text) => {
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error(text)), 1000 * seconds));
    return Promise.race([promise, late]);
  };

  // The kernel answers requests in order: its answer to this one comes after all cells that wait for it.
  const idle = (path) => panel(path).sessionContext.session.kernel.requestKernelInfo();

  // The command ends too early at an error, also at one that a cell is meant to raise.
  const run = (path, name, seconds) =>
    within(seconds, command(path, name).then(() => idle(path)), `${path} must have run within ${seconds} s`);

  window.driver = {
    panelId: (path) => panel(path).id,
    show: (path) => app().shell.activateById(panel(path).id),
    restart: (path) => panel(path).sessionContext.restartKernel().then(() => idle(path)),
    clear: (path) => command(path, "notebook:clear-all-cell-outputs"),

    current: () => app().shell.currentWidget?.context?.path ?? app().shell.currentWidget?.title.label,
    tabs: () => [...app().shell.widgets("main")].map((widget) => widget.title.label),
    showFileBrowser: (shown) => (shown ? app().shell.expandLeft() : app().shell.collapseLeft()),

    async ready() {
      await app().restored;
    },

    async open(path) {
      const opened = await app().commands.execute("docmanager:open", { path, factory: "Notebook" });
      await opened.context.ready;
      await opened.sessionContext.ready;
      await opened.revealed;
    },

    run(path, index, seconds) {
      panel(path).content.activeCellIndex = index;
      return run(path, "notebook:run-cell", seconds);
    },

    runAll: (path, seconds) => run(path, "notebook:run-all-cells", seconds),

    async shutDown(path) {
      const closed = panel(path);
      await closed.sessionContext.shutdown();
      await closed.context.save(); // else JupyterLab asks whether to
      closed.dispose();
    },

    // For each code cell: its place, its number of execution, its tags and the outputs as the notebook stores them.
    codeCells: (path) =>
      cells(path).flatMap(({ model }, index) =>
        model.type === "code"
          ? [{
              index,
              executed: model.executionCount,
              tags: model.getMetadata("tags") ?? [],
              source: model.sharedModel.getSource(),
              outputs: model.outputs.toJSON(),
            }]
          : [],
      ),
  };
})();
