"""What has the focus on a page, and whether one sees it."""

PREPARE = """() => {
    window.hear = [];
    window.colorOf = text => {
        const context = document.createElement('canvas').getContext('2d');
        context.fillStyle = text; context.fillRect(0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data]; };
    window.light = text => {
        const shares = [0.2126, 0.7152, 0.0722];
        return colorOf(text).slice(0, 3).map(c => c / 255 <= 0.03928
            ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4)
            .reduce((sum, c, i) => sum + c * shares[i], 0); };
    window.ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05)
        / (Math.min(light(a), light(b)) + 0.05);
    window.ground = getComputedStyle(document.body).backgroundColor;
    window.look = node => [node, ...node.querySelectorAll('*')].map(one => {
        const {outlineStyle, outlineColor, outlineWidth, boxShadow, stroke, strokeWidth, fill} =
            getComputedStyle(one);
        return {outline: outlineStyle === 'none' ? '' : `${outlineWidth} ${outlineColor}`,
            boxShadow, stroke, strokeWidth, fill, color: outlineColor}; });
    window.controls = [...document.querySelectorAll('.hepml :is(button, input, select, summary,'
        + ' [tabindex="0"])')].filter(node => !node.disabled && node.checkVisibility());
    window.idle = controls.map(look); }"""
FOCUS = """() => {
    const node = document.activeElement;
    const at = controls.indexOf(node);
    if (at < 0) return {at, tag: node.tagName};
    const [was, now] = [idle[at], look(node)];
    const changed = now.findIndex((one, i) => JSON.stringify(one) !== JSON.stringify(was[i]));
    const one = now[changed] ?? {};
    const inks = [one.outline && one.color, one.stroke, one.fill,
        one.boxShadow !== 'none' && one.boxShadow?.match(/^(rgba?|color|oklch)\\([^)]*\\)/)?.[0]];
    const {left, top} = node.getBoundingClientRect();
    return {at, tag: node.tagName, role: node.getAttribute('role'), seen: changed >= 0, left, top,
        contrast: Math.max(0, ...inks.filter(ink => ink && ink !== 'none')
            .map(ink => ratio(ink, ground))),
        name: node.getAttribute('aria-label') ?? node.textContent}; }"""
