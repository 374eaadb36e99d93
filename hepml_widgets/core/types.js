// Shapes that modules share: for the type checker alone, nothing of it is in a page.

/** @typedef {Record<string, any>} Attributes Text and numbers; what is null or undefined is left out. */
/** @typedef {Node | string} Child */
/** @typedef {string[][]} Parts What a line of numbers shows: label and value of each. */
/** @typedef {(string | number)[][]} Rows Header and cells of a table. */
/** @typedef {{ left: number, top: number, width: number, height: number }} Box */
/** @typedef {{ value: number, major: boolean, label: string | null, base?: string }} Tick */
/** @typedef {(text: string) => void} Say */

/**
 * What anywidget gives a view of its traits.
 * @typedef {object} Model
 * @property {(name: string) => any} get
 * @property {(name: string, value: any) => void} set
 * @property {(event: string, react: () => void) => void} on
 * @property {(event: string, react: () => void) => void} off
 * @property {() => void} save_changes
 * @property {(content: any) => void} send
 */

/** @typedef {{ model: Model, el: HTMLElement }} Context */
/** @typedef {(context: Context) => (() => void)} Render It gives what cleans up. */

/**
 * The ground of one view.
 * @typedef {object} Scene
 * @property {HTMLElement} root
 * @property {AbortSignal} signal of all listeners
 * @property {ResizeObserver} sizes
 * @property {(work: () => void) => void} defer for when the view is closed
 * @property {() => void} cleanup
 */

/**
 * @typedef {object} Axis
 * @property {string} title
 * @property {boolean} [plain] whether the title is a user's
 * @property {string} [kind] linear, log, logit, count or none
 * @property {number[]} domain
 * @property {number} [room] pixels for one number along x, at the left of y
 * @property {number} [below] pixels under x
 * @property {number} [aside] pixels beside the title of x that are something else's
 */

/** @typedef {{ x: Axis, y: Axis }} Axes */
/**
 * @typedef {{
 *   invert: (pixel: number) => number, kind: string, domain: number[], ticks: (count: number) => Tick[]
 * }} Known
 */
/** @typedef {((value: number) => number) & Known} Scale */

/**
 * Words that want a place in a frame.
 * @typedef {object} Wish
 * @property {number} x
 * @property {number} y
 * @property {string} [text] a name, which is cut
 * @property {string} [words] what is not
 * @property {string} [full]
 * @property {"start" | "middle" | "end"} [anchor]
 * @property {string} [class]
 */

/**
 * One frame. All from `size` on is there once it was laid out.
 * @typedef {object} Panel
 * @property {SVGSVGElement} svg
 * @property {HTMLElement} host
 * @property {string} label
 * @property {CanvasRenderingContext2D} pen measures words
 * @property {Axes} axes
 * @property {(() => void)[]} after
 * @property {SVGRectElement} box
 * @property {SVGGElement} marks
 * @property {SVGGElement} cover
 * @property {SVGGElement} back
 * @property {SVGGElement} overlay
 * @property {SVGGElement} labels
 * @property {() => void} layout
 * @property {() => void} redraw
 * @property {(axes: { x?: Partial<Axis>, y?: Partial<Axis> }) => void} set
 * @property {{ width: number, height: number }} size
 * @property {string} family
 * @property {string} drawn
 * @property {Box} inner
 * @property {Scale} x
 * @property {Scale} y
 * @property {Tick[]} columns
 * @property {Tick[]} rows
 * @property {Map<string, number[]>} stood
 * @property {number[][] | null} lines
 * @property {Wish[]} wishes
 * @property {() => void} [renew] for views that keep what axes are made of
 */

/**
 * Histograms of scores by class, and the axis of the scores.
 * @typedef {object} Scores
 * @property {string} [score] its name
 * @property {string} scale
 * @property {number[]} range
 * @property {number} bins
 * @property {Record<string, Float64Array>} histogram
 */

/** @typedef {{ edges: Float64Array, text: (edge: number) => string, ends: number[], own: boolean }} Stretch */

/**
 * How a stretch of a histogram is chosen.
 * @typedef {object} Choosing
 * @property {() => Stretch} read
 * @property {(from: number, to: number) => void} choose
 * @property {() => void} release
 */

export {};
