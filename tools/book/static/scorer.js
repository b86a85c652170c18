/* The order of what a search finds: pages that explain come before lessons, and those before exercises and code. The
 * reference pages come before other pages that hold a word as well. */
const REFERENCE = ["concepts/sampling-parameters", "concepts/engine-arguments", "concepts/glossary", "concepts/errors"];
var Scorer = {
  score: ([document, title, anchor, description, score]) => {
    if (document === "names" || document.endsWith(".py")) return score - 10;
    if (document.startsWith("cheat-sheets/")) return score - 4;
    if (document === REFERENCE[0]) return score + 10; // the page that most names lead to
    if (REFERENCE.includes(document)) return score + 9;
    if (document.startsWith("concepts/")) return score + 8;
    if (document.startsWith("lessons/")) return score + 4;
    return score;
  },
  // The rest is Sphinx's own.
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
