/**
 * A chart over time by uPlot, in the colours of the page, with a cursor for mouse, finger and keys.
 *
 * @module
 */

import uPlot from "./vendor/uPlot.esm.js";

import { color, faint } from "./colours.js";
import { alone } from "./series.js";
import { markOf } from "./spans.js";

/** @typedef {(number | null | undefined)[]} Column */
/** @typedef {[number[], ...Column[]]} Data */

/**
 * @typedef {object} Line
 * @property {string} [color] a custom property of the page; none: not drawn
 * @property {number} [width]
 * @property {number[]} [dash]
 * @property {string} [fill] likewise: down to the axis
 * @property {number} [alpha] how much of the fill hides what is below
 * @property {boolean} [bars]
 * @property {boolean} [stepped] nothing between two points but the first one's value
 */

/**
 * @typedef {object} Look
 * @property {number} height in pixels
 * @property {Line[]} lines
 * @property {{over: number, under: number, color: string, alpha?: number}[]} [bands] areas between
 *   two lines, by their numbers from 0
 * @property {(low: number, high: number) => [number, number]} range of the axis
 * @property {(value: number) => string} mark text of a mark on the axis
 * @property {number[]} [steps] distances that marks may have
 * @property {boolean} [times] whether the times stand below
 * @property {string} [together] charts of one name have one cursor
 * @property {(chart: TimeChart, context: CanvasRenderingContext2D) => void} [draw] what is drawn on top
 */

/**
 * @typedef {object} Heard
 * @property {(at: number | null) => void} [cursor] which place the cursor is at
 * @property {(fromMs: number, toMs: number) => void} [zoom] a stretch was chosen
 */

const AXIS_WIDTH = 48;
const MARK_SPACE = 84;
const END = 20; // free space on the right, for the mark of the open window
const FONT = "12px system-ui, sans-serif";
const LONGEST_MARKS = ["00:00:00", "30 Sept", "Sept 2000"]; // what `markOf` writes
const PIXELS = () => devicePixelRatio || 1;

export class TimeChart {
  #resize = new ResizeObserver(() => this.#fit());
  #theme = new MutationObserver(() => this.#redraw());
  #scheme = matchMedia("(prefers-color-scheme: dark)");
  #paper = matchMedia("print"); // has light colours, whatever the screen has
  #changed = () => this.#redraw();

  /**
   * @param {HTMLElement} box
   * @param {Look} look
   * @param {Heard} [heard]
   */
  constructor(box, look, heard = {}) {
    this.box = box;
    this.look = look;
    this.heard = heard;
    this.plot = new uPlot(this.#options(), this.#nothing(), box);
    this.#resize.observe(box);
    this.#theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    this.#scheme.addEventListener("change", this.#changed);
    this.#paper.addEventListener("change", this.#changed);
    this.#followFingers();
  }

  dispose() {
    this.#resize.disconnect();
    this.#theme.disconnect();
    this.#scheme.removeEventListener("change", this.#changed);
    this.#paper.removeEventListener("change", this.#changed);
    this.plot.destroy();
  }

  /**
   * Show other values.
   *
   * @param {Data} data times in ms, then a column a line
   * @param {[number, number]} span from when to when
   */
  show(data, span) {
    this.plot.batch(() => {
      this.plot.setData(/** @type {uPlot.AlignedData} */ (/** @type {unknown} */ (data)), false);
      this.plot.setScale("x", { min: span[0], max: span[1] });
    });
  }

  /** Where on the canvas a value is, in its pixels. */
  get place() {
    return {
      x: (/** @type {number} */ ms) => this.plot.valToPos(ms, "x", true),
      y: (/** @type {number} */ value) => this.plot.valToPos(value, "y", true),
    };
  }

  /**
   * Move the cursor to a place; null takes it away. Charts of the same name follow.
   *
   * @param {number | null} at
   */
  point(at) {
    if (at === null) {
      this.plot.setCursor({ left: -10, top: -10 });
      return;
    }
    const left = this.plot.valToPos(this.plot.data[0][at], "x");
    this.plot.setCursor({ left, top: this.plot.bbox.height / PIXELS() / 2 });
  }

  /** @returns {uPlot.AlignedData} */
  #nothing() {
    const columns = /** @type {unknown} */ ([[], ...this.look.lines.map(() => [])]);
    return /** @type {uPlot.AlignedData} */ (columns);
  }

  /** @returns {uPlot.Options} */
  #options() {
    const { look } = this;
    return {
      width: this.box.clientWidth || 300,
      height: look.height,
      ms: 1,
      legend: { show: false },
      padding: [8, () => this.#end(), look.times ? 0 : 4, 0],
      scales: {
        x: { time: true, auto: false },
        y: { range: (_, low, high) => look.range(low ?? NaN, high ?? NaN) },
      },
      axes: this.#axes(),
      series: [{}, ...look.lines.map((line, at) => this.#series(line, at + 1))],
      bands: (look.bands ?? []).map((band) => ({
        series: [band.over + 1, band.under + 1],
        fill: () => faint(band.color, band.alpha ?? 1),
      })),
      cursor: {
        x: true,
        y: false,
        drag: { x: Boolean(this.heard.zoom), y: false, setScale: false, dist: 8 },
        points: { show: false },
        ...(look.together ? { sync: { key: look.together } } : {}),
      },
      hooks: {
        draw: [(plot) => look.draw?.(this, plot.ctx)],
        setCursor: [(plot) => this.heard.cursor?.(plot.cursor.idx ?? null)],
        setSelect: [(plot) => this.#selected(plot)],
      },
    };
  }

  /** @returns {uPlot.Axis[]} */
  #axes() {
    const { look } = this;
    const shared = {
      stroke: () => color("--muted"),
      font: FONT,
      ticks: { show: false },
    };
    const grid = { stroke: () => color("--line"), width: 1 };
    return [
      {
        ...shared,
        grid,
        show: true,
        size: look.times ? 28 : 0,
        space: MARK_SPACE,
        values: (_, marks, __, ___, apart) =>
          marks.map((mark) => (look.times ? markOf(mark, apart) : "")),
      },
      {
        ...shared,
        grid,
        size: AXIS_WIDTH,
        space: 28,
        ...(look.steps ? { incrs: look.steps } : {}),
        values: (_, marks) => marks.map((mark) => look.mark(mark)),
      },
    ];
  }

  /**
   * @param {Line} line
   * @param {number} at
   * @returns {uPlot.Series}
   */
  #series(line, at) {
    const { color: name, fill, bars, stepped } = line;
    return {
      scale: "y",
      stroke: name ? () => color(name) : undefined,
      width: line.width ?? (name ? 2 : 0),
      dash: line.dash,
      fill: fill ? () => faint(fill, line.alpha ?? 0.55) : undefined,
      paths: bars
        ? uPlot.paths.bars?.({ size: [0.8, 24], align: -1 })
        : stepped
          ? uPlot.paths.stepped?.({ align: -1 })
          : uPlot.paths.linear?.(),
      points: {
        show: Boolean(name) && !bars,
        size: 5,
        fill: name ? () => color(name) : undefined,
        filter: (plot) => alone(/** @type {Column} */ (plot.data[at])),
      },
    };
  }

  /** Half of a time mark lies beside the plot where the last one stands on its edge. */
  #end() {
    const pen = document.createElement("canvas").getContext("2d");
    if (!pen) return END;
    pen.font = FONT;
    const widths = LONGEST_MARKS.map((text) => pen.measureText(text).width);
    return Math.max(END, Math.ceil(Math.max(...widths) / 2) + 1);
  }

  #fit() {
    const width = this.box.clientWidth;
    if (width && width !== this.plot.width) this.plot.setSize({ width, height: this.look.height });
  }

  #redraw() {
    this.plot.redraw(false, true);
  }

  /** @param {uPlot} plot */
  #selected(plot) {
    const { left, width } = plot.select;
    if (width > 4) {
      this.heard.zoom?.(
        Math.round(plot.posToVal(left, "x")),
        Math.round(plot.posToVal(left + width, "x")),
      );
    }
    if (width) plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }

  /** A finger moves the cursor, and up and down the page. */
  #followFingers() {
    const { over } = this.plot;
    over.style.touchAction = "pan-y";
    const follow = (/** @type {PointerEvent} */ event) => {
      if (event.pointerType === "mouse") return;
      const left = event.clientX - over.getBoundingClientRect().left;
      this.plot.setCursor({ left, top: 1 });
    };
    over.addEventListener("pointerdown", follow);
    over.addEventListener("pointermove", follow);
  }
}

/**
 * Keys that move a cursor over the places of a chart.
 *
 * @param {string} key
 * @param {number | null} at where it is
 * @param {number} places how many there are
 * @param {boolean} fast
 * @param {(place: number) => boolean} there whether there is anything at a place
 * @returns {number | null | undefined} where it goes; null: away; undefined: the key is none of them
 */
export function moved(key, at, places, fast, there) {
  const far = fast ? 10 : 1;
  const last = places - 1;
  /** @type {Record<string, () => number | null>} */
  const keys = {
    ArrowLeft: () => (at === null ? last : Math.max(0, at - far)),
    ArrowRight: () => (at === null ? last : Math.min(last, at + far)),
    Home: () => 0,
    End: () => last,
    Escape: () => null,
  };
  const to = keys[key]?.();
  if (to === null || to === undefined) return to;
  const way = key === "ArrowLeft" || key === "End" ? -1 : 1;
  let place = to;
  while (place >= 0 && place <= last && !there(place)) place += way;
  return place >= 0 && place <= last ? place : at;
}
