/* What JupyterLab loads first: a container as webpack's module federation makes them, written by hand so that there is
 * nothing to build. JupyterLab calls init with the packages that it shares, then get for each module that package.json
 * names. The rest is in the modules beside this file: plugin.js (command, start), tab.js (data), page.js (HTML),
 * review.js and quiz.js (what was missed is asked again). */
(() => {
  const folder = document.currentScript.src;
  let packages;

  /** Return a package that JupyterLab shares, the very copy that JupyterLab itself uses. */
  async function shared(name) {
    const copies = Object.values(packages[name] ?? {});
    const copy = copies.find(each => each.loaded) ?? copies[0];
    if (!copy) {
      throw new Error(`JupyterLab must share ${name}, got no such package. The course needs JupyterLab 4.`);
    }
    return (await copy.get())();
  }

  /** Add a style sheet, and return when it is there. */
  function addStyle(name) {
    const link = Object.assign(document.createElement('link'), {
      rel: 'stylesheet',
      href: new URL(name, folder).href
    });
    return new Promise((resolve, reject) => {
      Object.assign(link, { onload: () => resolve({}), onerror: reject });
      document.head.append(link);
    });
  }

  const modules = {
    './extension': async () => {
      const { makePlugin } = await import(new URL('plugin.js', folder).href);
      return { __esModule: true, default: await makePlugin(shared) };
    },
    './style': () => Promise.all(['style.css', 'quiz.css'].map(addStyle)).then(() => ({}))
  };

  window._JUPYTERLAB ??= {};
  window._JUPYTERLAB['vllm-course'] = {
    init: shareScope => {
      packages = shareScope;
    },
    get: async name => {
      const module = await modules[name]();
      return () => module;
    }
  };
})();
