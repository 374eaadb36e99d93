"""What the browser tests of all widgets do and measure on a page."""

import pytest

TEXT = "document.querySelector('.hepml-readout').dataset.text"
NOW = "Number(document.querySelector('[role=slider]').getAttribute('aria-valuenow'))"
STARTS = {"SVG": b"<svg", "PNG": b"\x89PNG"}

PLACES = """[...document.querySelectorAll('.hepml-item, svg.hepml-frame')]
    .map(node => node.getBoundingClientRect()).flatMap(({left, top}) => [left, top])"""

CLIPPED = """[...document.querySelectorAll('svg.hepml-frame')].flatMap(svg => {
    const {left, right, top, bottom} = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('text')].filter(text => {
        const box = text.getBoundingClientRect();
        return box.left < left - 1 || box.right > right + 1
            || box.top < top - 1 || box.bottom > bottom + 1;
    }).map(text => text.textContent); })"""

# Boxes of letters hold a little air: labels that share less than that stand apart.
OVERLAPS = """frames => [...document.querySelectorAll(frames)].flatMap(svg => {
    const boxes = [...svg.querySelectorAll('text')]
        .filter(text => text.checkVisibility({visibilityProperty: true}))
        .map(text => [[...text.childNodes].filter(({tagName}) => tagName !== 'title')
            .map(({textContent}) => textContent).join(''), text.getBoundingClientRect()]);
    return boxes.flatMap(([one, a], i) => boxes.slice(i + 1).filter(([, b]) =>
        a.left < b.right - 1 && b.left < a.right - 1
        && a.top < b.bottom - 2 && b.top < a.bottom - 2)
        .map(([two]) => `${one} | ${two}`)); })"""

# Labels of each axis of the widgets' frames that has a title and a scale, by frame and axis.
TICKS = """[...document.querySelectorAll('svg.hepml-frame')]
    .filter(svg => svg.checkVisibility()).flatMap(svg => {
    const box = svg.querySelector('.hepml-box').getBoundingClientRect();
    const axes = {x: [], y: []};
    for (const text of svg.querySelectorAll('.hepml-tick')) {
        const own = text.getBoundingClientRect();
        axes[own.top > box.bottom - 2 ? 'x' : 'y'].push(text.textContent); }
    const bare = axis => svg.querySelector('.hepml-axes').dataset[axis] === 'none';
    return Object.entries(axes).filter(([axis]) => !bare(axis))
        .map(([axis, labels]) => [svg.getAttribute('aria-label'), axis, labels]); })"""

# Words that belong together and stand on two lines: numbers with their errors, marks with names.
BROKEN = """selector => {
    const whole = /\\S+\\s±\\s\\S+|[▲●△○◆■]\\s\\S+|\\S+\\s%|\\S+\\s(?:σ|GeV|TeV)(?![a-z])/g;
    const found = [];
    for (const root of document.querySelectorAll(selector)) {
        const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
        for (let node; (node = walk.nextNode());) {
            if (!node.parentElement.checkVisibility({visibilityProperty: true})) continue;
            if (node.parentElement.closest('svg, script, style, option')) continue;
            for (const {index, 0: words} of node.data.matchAll(whole)) {
                const range = document.createRange();
                range.setStart(node, index);
                range.setEnd(node, index + words.length);
                const tops = [...range.getClientRects()].filter(({width}) => width)
                    .map(({top}) => Math.round(top / 4));
                if (Math.max(...tops) - Math.min(...tops) > 1) found.push(words); } } }
    return found; }"""

CONTRAST = """selector => {
    const channels = color => color.match(/[\\d.]+/g).slice(0, 3).map(Number).map(c =>
        c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
    const shares = [0.2126, 0.7152, 0.0722];
    const light = color => channels(color).reduce((sum, c, i) => sum + c * shares[i], 0);
    const ground = light(getComputedStyle(document.body).backgroundColor);
    return [...document.querySelectorAll(selector)].map(node => {
        const style = getComputedStyle(node);
        const ink = light(node instanceof SVGElement ? style.fill : style.color);
        return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    });
}"""

NAMELESS = """[...document.querySelectorAll('button, input, select, [role=slider]')]
    .filter(node => !(node.getAttribute('aria-label') || node.textContent.trim())).length"""


def places(page):
    """Measure where frames and numbers stand; the browser itself rounds to 1/64 px."""
    return pytest.approx(page.evaluate(PLACES), abs=0.05)


def frame_box(page, index=0):
    """Return left, top, width and height of a panel's axes on the screen."""
    box = page.locator(".hepml-box").nth(index).bounding_box()
    return box["x"], box["y"], box["width"], box["height"]


def dragged(page, panel, fractions, steps=3):
    """Drag across a panel and stop at each fraction of its width, with the button held."""
    left, top, width, height = frame_box(page, panel)
    page.mouse.move(left + 0.5 * width, top + 0.5 * height)
    page.mouse.down()
    for fraction in fractions:
        page.mouse.move(left + fraction * width, top + 0.5 * height, steps=steps)
        yield fraction
    page.mouse.up()


def sent_by_dragging(page, panel):
    """Drag in a live view: what it has sent before it is let go, and after."""
    for _ in dragged(page, panel, (0.9, 0.3), steps=30):
        during = page.evaluate("view.saved")
    return during, page.evaluate("view.saved")


def left_behind(page):
    """Close a live view: its listeners and elements before and after."""
    count = "[view.heard.length, view.el.childElementCount]"
    before = page.evaluate(count)
    page.evaluate("view.cleanup()")
    return before, page.evaluate(count)


def outside(page):
    """List the addresses that a page asked for and that are not on this machine."""
    page.wait_for_load_state("networkidle")
    return [url for url in page.requests if not url.startswith(("file:", "data:"))]


def contrasts(page, selector=".hepml p"):
    """Measure the contrast of all texts in frames, lines and small print with the ground."""
    texts = "svg text, .hepml-quiet, .hepml-readout b, .hepml-actions button"
    return page.evaluate(CONTRAST, f"{texts}, {selector}")


def width_and_clipped(page):
    """Measure how wide a page is, and find texts cut off at the border of their frame."""
    return page.evaluate("document.documentElement.scrollWidth"), page.evaluate(CLIPPED)


def unreachable(page):
    """Count the controls that lack a name, and those that the Tab key does not reach."""
    count = page.locator("button:enabled, input:enabled, select, [role=slider]").count()
    focused = set()
    for _ in range(count):
        page.keyboard.press("Tab")
        focused.add(page.evaluate("[...document.all].indexOf(document.activeElement)"))
    return page.evaluate(NAMELESS), count - len(focused)


def downloaded(page, name):
    """Press a button and return the bytes of the file that it gives."""
    with page.expect_download() as download:
        page.get_by_role("button", name=name, exact=True).click()
    return download.value.path().read_bytes()
