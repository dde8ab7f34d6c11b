"""How the documentation is built: `make docs`, warnings being errors."""

import importlib.metadata

project = "instep"
author = "instep contributors"
copyright = f"2026, {author}"  # noqa: A001 (Sphinx's name for it)
release = version = importlib.metadata.version("instep")

extensions = ["myst_parser", "sphinx.ext.autodoc"]
html_theme = "furo"
html_title = f"instep {release}"
exclude_patterns = ["_build"]
myst_heading_anchors = 3

default_role = "code"  # single backticks in docstrings, as in Markdown
autodoc_member_order = "bysource"
autodoc_typehints = "signature"


def drop_placeholder(app, what, name, obj, options, lines):
    """Say nothing of a named tuple's field where Python itself only says which one it is."""
    if lines and lines[0].startswith("Alias for field number"):
        lines.clear()


def setup(app):
    """Be an extension of Sphinx."""
    app.connect("autodoc-process-docstring", drop_placeholder)
