"""On a projector: texts 4.5:1 and the lines and marks that say something 3:1, on all nine."""

import numpy as np
import pytest

from tests.support.all_views import VIEWS

pytestmark = pytest.mark.browser

MEASURE = """() => {
    const pixel = text => {
        const context = document.createElement('canvas').getContext('2d');
        context.fillStyle = text; context.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255]; };
    const over = ([r, g, b], a, below) => [r, g, b].map((c, i) => a * c + (1 - a) * below[i]);
    const light = rgb => rgb.map(c => c / 255 <= 0.03928 ? c / 255 / 12.92
        : ((c / 255 + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05)
        / (Math.min(light(a), light(b)) + 0.05);
    const groundOf = node => {
        for (let at = node; at; at = at.parentElement) {
            const color = pixel(getComputedStyle(at).backgroundColor);
            if (color[3] === 1) return color.slice(0, 3);
        }
        return [255, 255, 255]; };
    const ink = (text, opacity, ground) => {
        const color = pixel(text);
        return over(color, color[3] * opacity, ground); };
    const seen = node => node.checkVisibility({opacityProperty: true, visibilityProperty: true});
    const texts = [], marks = [];
    for (const node of document.querySelectorAll('.hepml *')) {
        const style = getComputedStyle(node), ground = groundOf(node);
        const own = [...node.childNodes].some(c => c.nodeType === 3 && c.data.trim());
        if (!seen(node) || node.closest('.hepml-unseen, title, :disabled')) continue;
        if (own && !['OPTION', 'title'].includes(node.tagName)) texts.push([
            ratio(ink(node instanceof SVGElement ? style.fill : style.color, 1, ground), ground),
            node.textContent.slice(0, 40)]);
        if (!node.matches('path, circle, rect, line') || node.closest('clipPath')) continue;
        const look = (node.getAttribute('class') ?? node.parentElement.getAttribute('class') ?? '');
        const inks = [];
        if (style.stroke !== 'none') inks.push(ink(style.stroke, +style.strokeOpacity, ground));
        const {width, height} = node.getBBox();
        const area = style.fill !== 'none' && width && height;
        if (area) inks.push(ink(style.fill, +style.fillOpacity, ground));
        if (inks.length) marks.push([Math.max(...inks.map(one => ratio(one, ground))),
            look.replaceAll('hepml-', '')]); }
    return [texts, marks]; }"""
# What is faint on purpose: areas whose outline is drawn, grounds behind texts, grips' reach.
FAINT = {
    "area-signal", "area-background", "band", "veil", "reach", "beyond", "bump-window",
    "bump-sigma", "boost-halo", "image-halo", "image-swatch", "train-ahead",
}  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", VIEWS)
def test_texts_and_marks_stand_out(show, page, name, scheme):
    page.emulate_media(color_scheme=scheme)
    texts, marks = show(VIEWS[name](np.random.default_rng(1))).evaluate(MEASURE)
    assert len(texts) > 15
    assert [found for found in texts if found[0] < 4.5] == []
    said = [(ratio, look) for ratio, look in marks if not set(look.split()) & FAINT]
    assert len(said) > 5
    assert [found for found in said if found[0] < 3] == []
