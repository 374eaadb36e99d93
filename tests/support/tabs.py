"""One page for test after test: opening a new one costs more than most tests do in it."""

VIEWPORT = {"width": 1280, "height": 900}
NOTHING = {
    "media": "null",
    "color_scheme": "null",
    "reduced_motion": "null",
    "forced_colors": "null",
    "contrast": "null",
}


class Tab:
    """A page of a browser that is given to one test after the other, each time as if new."""

    def __init__(self, browser):
        self.browser = browser
        self.page = None

    def fresh(self):
        """Return the page: empty, 1280 px wide, heard by nobody, with no script errors so far."""
        if self.page is None or self.page.is_closed():
            self.page = self.browser.new_context(viewport=VIEWPORT).new_page()
        page = self.page
        page.set_viewport_size(VIEWPORT)
        self.heard = []
        page.on = self.hear
        page.script_errors = []
        page.on("pageerror", lambda error: page.script_errors.append(str(error)))
        return page

    def hear(self, event, react):
        """Listen as `Page.on` does, until the page is left."""
        self.heard.append((event, react))
        type(self.page).on(self.page, event, react)

    def leave(self):
        """Undo what a test did to the page, and go where nothing runs."""
        page = self.page
        if page.is_closed():
            return
        page.goto("about:blank")
        for event, react in self.heard:
            page.remove_listener(event, react)
        page.unroute_all()
        page.emulate_media(**NOTHING)
        page.context.set_offline(False)
        page.context.clear_cookies()
        page.mouse.move(0, 0)
