/**
 * The three charts of a product, one below the other with one cursor: average with its band,
 * ratings, shares of stars.
 *
 * @module
 */

import { color } from "./colours.js";
import { one } from "./dom.js";
import { kind } from "./pictures.js";
import { laid, placeOf, stacked } from "./series.js";
import { moved, TimeChart } from "./timechart.js";

/** @typedef {import("./series.js").SeriesAnswer} SeriesAnswer */
/** @typedef {import("./types.js").Scale} Scale */

/**
 * @typedef {object} Heard
 * @property {(at: number | null, byKey: boolean) => void} cursor which point the cursor is at
 * @property {(fromMs: number, toMs: number) => void} zoom
 */

const LOW = 1; // lines of the first chart, behind the average
const HIGH = 2;
const MARK = 4.5;
const TICK = { width: 2, height: 8 }; // within the air below the lowest value of the axis
const BELOW = 0.6; // how much of a count's axis stays free above it, at least a little
const STAR_AXIS = 0.5;
const SHARE = 0.9;
const ROOM = 0.008; // of the width, for the mark of the open window on the edge

export class ProductCharts {
  #stop = new AbortController();
  /** @type {SeriesAnswer | undefined} */
  #answer;
  /** @type {import("./series.js").Laid | undefined} */
  #laid;
  /** @type {number | null} */
  #at = null;
  #byKey = false;
  /** @type {number | null} */
  #held = null; // where keys put the cursor, in ms: it stays there while the chart moves on

  /**
   * @param {HTMLElement} box
   * @param {Scale} scale
   * @param {Heard} heard
   */
  constructor(box, scale, heard) {
    this.scale = scale;
    this.heard = heard;
    const at = (/** @type {string} */ name) => one(box, `[data-chart=${name}]`);
    const zoom = heard.zoom;
    const cursor = (/** @type {number | null} */ place) => this.#pointed(place);
    this.mean = new TimeChart(at("mean"), this.#meanLook(), { zoom, cursor });
    this.count = new TimeChart(at("count"), this.#countLook(), { zoom });
    this.stars = new TimeChart(at("stars"), this.#starsLook(), { zoom });
    box.addEventListener("keydown", (event) => this.#key(event), { signal: this.#stop.signal });
    const letGo = () => {
      this.#held = null;
      this.mean.point(null);
    };
    box.addEventListener("blur", letGo, { signal: this.#stop.signal });
    box.addEventListener("pointermove", () => (this.#held = null), { signal: this.#stop.signal });
  }

  dispose() {
    this.#stop.abort();
    for (const chart of [this.mean, this.count, this.stars]) chart.dispose();
  }

  /**
   * @param {SeriesAnswer} answer
   * @param {[number, number]} span
   */
  show(answer, span) {
    const on = laid(answer.points, answer.step_ms);
    this.#answer = answer;
    this.#laid = on;
    const wide = /** @type {[number, number]} */ ([...span]);
    if (answer.provisional && answer.provisional.end_ms <= span[1] + answer.window.size_ms) {
      wide[1] = Math.max(wide[1], answer.provisional.end_ms) + ROOM * (span[1] - span[0]);
    }
    this.mean.show([on.x, on.mean, on.low, on.high], wide);
    this.count.show([on.x, on.count], wide);
    this.stars.show([on.x, ...stacked(answer.points, on)], wide);
    if (this.#held !== null) this.mean.point(placeOf(on.x, this.#held));
  }

  /** @param {number | null} place */
  #pointed(place) {
    this.#at = place;
    const at = place === null || !this.#laid ? null : this.#laid.at[place];
    this.heard.cursor(at === undefined || at === -1 ? null : at, this.#byKey);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const places = this.#laid?.x.length ?? 0;
    const there = (/** @type {number} */ place) => (this.#laid?.at[place] ?? -1) >= 0;
    const to = places ? moved(event.key, this.#at, places, event.shiftKey, there) : undefined;
    if (to === undefined) return;
    event.preventDefault();
    this.#byKey = true;
    this.#held = to === null ? null : (this.#laid?.x[to] ?? null);
    this.mean.point(to);
    this.#byKey = false;
  }

  /** @returns {import("./timechart.js").Look} */
  #meanLook() {
    const { lowest, highest } = this.scale;
    return {
      height: 280,
      lines: [{ color: "--accent", width: 2 }, {}, {}],
      bands: [{ over: HIGH, under: LOW, color: "--accent", alpha: 0.16 }],
      range: (low, high) => starRange(low, high, lowest, highest),
      mark: (value) => value.toFixed(1),
      steps: [STAR_AXIS, 1, 2, 5, 10],
      times: true,
      together: "product",
      draw: (chart, context) => this.#drawOver(chart, context),
    };
  }

  /** @returns {import("./timechart.js").Look} */
  #countLook() {
    return {
      height: 84,
      lines: [{ color: "--muted", width: 1, fill: "--muted", stepped: true }],
      range: (_, high) => [0, Math.max(1, (high || 0) * (1 + BELOW / 4))],
      mark: (value) => (Number.isInteger(value) ? String(value) : ""),
      together: "product",
    };
  }

  /** @returns {import("./timechart.js").Look} */
  #starsLook() {
    const steps = this.scale.values.length;
    const looks = this.scale.values.map((_, step) => `--star-${kind(step, steps)}`);
    return {
      height: 110,
      lines: looks.map((name, step) =>
        step ? { stepped: true } : { fill: name, alpha: SHARE, stepped: true },
      ),
      bands: looks.slice(1).map((name, step) => ({
        over: step + 1,
        under: step,
        color: name,
        alpha: SHARE,
      })),
      range: () => [0, 1],
      mark: (value) => `${Math.round(value * 100)} %`,
      steps: [0.5],
      times: true,
      together: "product",
    };
  }

  /**
   * What is drawn besides the line: the average of all time, corrected windows, the open window.
   *
   * @param {TimeChart} chart
   * @param {CanvasRenderingContext2D} context
   */
  #drawOver(chart, context) {
    const answer = this.#answer;
    const on = this.#laid;
    if (!answer || !on) return;
    const size = MARK * (devicePixelRatio || 1);
    const { left, top, width, height } = chart.plot.bbox;
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    if (answer.all.mean !== null) drawAcross(chart, context, answer.all.mean);
    drawCorrected(chart, context, answer, on);
    drawOpen(chart, context, answer, on, size);
    context.restore();
  }
}

/**
 * From where to where the axis of averages goes: whole halves around them, a star at least.
 *
 * @param {number} low
 * @param {number} high
 * @param {number} lowest of the scale
 * @param {number} highest
 * @returns {[number, number]}
 */
export function starRange(low, high, lowest, highest) {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return aired(lowest, highest);
  let from = Math.max(lowest, Math.floor(low * 2 - 0.1) / 2);
  let to = Math.min(highest, Math.ceil(high * 2 + 0.1) / 2);
  if (to - from < 1) from = Math.max(lowest, to - 1);
  if (to - from < 1) to = Math.min(highest, from + 1);
  return aired(from, to);
}

/**
 * A line on the edge would be cut in half.
 *
 * @param {number} from
 * @param {number} to
 * @returns {[number, number]}
 */
function aired(from, to) {
  const air = (to - from) * 0.04;
  return [from - air, to + air];
}

/**
 * @param {TimeChart} chart
 * @param {CanvasRenderingContext2D} context
 * @param {number} mean
 */
function drawAcross(chart, context, mean) {
  const { left, width } = chart.plot.bbox;
  const y = chart.place.y(mean);
  context.beginPath();
  context.strokeStyle = color("--muted");
  context.setLineDash([6, 6]);
  context.moveTo(left, y);
  context.lineTo(left + width, y);
  context.stroke();
  context.setLineDash([]);
}

/**
 * Windows that late ratings changed: a tick each on the lower edge, for a late rating changes several
 * in a row, and marks on the line would cover it.
 *
 * @param {TimeChart} chart
 * @param {CanvasRenderingContext2D} context
 * @param {SeriesAnswer} answer
 * @param {import("./series.js").Laid} on
 */
function drawCorrected(chart, context, answer, on) {
  const { top, height } = chart.plot.bbox;
  const ratio = devicePixelRatio || 1;
  const [wide, tall] = [TICK.width * ratio, TICK.height * ratio];
  context.fillStyle = color("--slow");
  on.at.forEach((at, place) => {
    if (at < 0 || !answer.points.corrected[at]) return;
    const left = Math.round(chart.place.x(on.x[place]) - wide / 2);
    context.fillRect(left, top + height - tall, wide, tall);
  });
}

/**
 * The open window: a hollow mark, and a dashed way to it.
 *
 * @param {TimeChart} chart
 * @param {CanvasRenderingContext2D} context
 * @param {SeriesAnswer} answer
 * @param {import("./series.js").Laid} on
 * @param {number} size
 */
function drawOpen(chart, context, answer, on, size) {
  const open = answer.provisional;
  if (!open || open.mean === null) return;
  const x = chart.place.x(open.end_ms);
  const y = chart.place.y(open.mean);
  const last = on.x.length - 1;
  context.strokeStyle = color("--accent");
  context.lineWidth = size / 2.5;
  if (last >= 0 && on.mean[last] !== null && open.end_ms - on.x[last] <= answer.window.size_ms) {
    context.beginPath();
    context.setLineDash([size, size]);
    context.moveTo(chart.place.x(on.x[last]), chart.place.y(on.mean[last] ?? 0));
    context.lineTo(x, y);
    context.stroke();
    context.setLineDash([]);
  }
  context.beginPath();
  context.arc(x, y, size, 0, 2 * Math.PI);
  context.fillStyle = color("--surface");
  context.fill();
  context.stroke();
}
