"""Let the theme's launch buttons open the reader's own copy of a lesson, as Binder makes it."""

__all__ = ["setup"]

AFTER_THE_THEME = 900


def open_own_copy(_app, _page, _template, context, _doctree):
    """Lead the links of a page's buttons from ``notebooks/`` to ``work/``."""
    for group in context.get("header_buttons", []):
        for button in group.get("buttons", []):
            if "url" in button:
                button["url"] = button["url"].replace("lab/tree/notebooks/", "lab/tree/work/")


def setup(app):
    """Register with Sphinx."""
    app.connect("html-page-context", open_own_copy, priority=AFTER_THE_THEME)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
