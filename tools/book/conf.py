"""Sphinx's configuration of the book. Nothing is executed, and nothing is loaded from another host."""

from pathlib import Path

project = "vLLM, hands on"
author = "the authors of the course"
copyright = "the authors of the course, Apache-2.0"
language = "en"
extensions = ["myst_nb", "sphinx_copybutton", "sphinx_design"]
exclude_patterns = [".made"]

nb_execution_mode = "off"
nb_ipywidgets_js = {}  # widgets are shown as the text or picture that is kept of them
nb_code_prompt_show = "Show the solution"  # nothing else is folded in that way
nb_code_prompt_hide = "Hide the solution"
nb_merge_streams = True
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 6
mathjax_path = "no-math.js"  # no page has formulas; with one, the test that looks for other hosts and files fails

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["static"]
html_css_files = ["book.css"]
html_js_files = ["film.js"]
html_search_scorer = str(Path(__file__).with_name("static") / "scorer.js")
html_favicon = "static/icon.svg"
html_context = {"default_mode": "auto"}  # as the reader's machine says, until the reader chooses
html_copy_source = False  # the copies are no notebooks that somebody should run
html_show_sourcelink = False
html_domain_indices = False
html_use_index = False
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "logo": {"text": project},
    "navbar_persistent": [],
}
copybutton_exclude = ".linenos, .gp, .go"

epub_title = project
epub_show_urls = "no"
epub_tocscope = "includehidden"
epub_exclude_files = ["search.html"]
epub_css_files = ["book.css"]
