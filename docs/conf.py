"""Sphinx: `tox -e docs` builds this with warnings as errors and runs its examples."""

from __future__ import annotations

import sys
from pathlib import Path

import django
from django.conf import settings

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

# Models can be imported only within a project.
settings.configure(
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "devino_contrib.django",
        "devino_contrib.django.outbox",
        "devino_contrib.django.store",
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

project = "devino"
author = "The devino authors"
project_copyright = "The devino authors"

extensions = [
    "devino_docs",
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx_click",
]
exclude_patterns = ["_build", "examples"]

# `-D language=ru` builds the Russian site from a catalogue for each page.
locale_dirs = ["locale"]
gettext_compact = False

html_theme = "furo"
html_title = "devino"
html_copy_source = False
html_static_path = ["_static"]
templates_path = ["_templates"]
html_css_files = ["copy.css", "languages.css", "content.css"]
html_js_files = ["copy.js"]
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "languages.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}

# Sphinx takes the help of commands for prose, and must not turn `--json` into a dash.
smartquotes = False

myst_enable_extensions = ["attrs_block", "colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

autodoc_default_options = {
    "members": True,
    "undoc-members": True,
    "member-order": "bysource",
    "show-inheritance": True,
}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"
# The kernel's own words stay short in the source: `Message`, not `devino_core.Message`.
add_module_names = False

# Examples in docstrings need their module's names, so tests/core/test_docs.py runs them.
doctest_test_doctest_blocks = ""

# Fields named `type` make every `type[...]` of a signature ambiguous to Sphinx.
suppress_warnings = ["ref.python"]
