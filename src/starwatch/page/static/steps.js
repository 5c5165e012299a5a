/**
 * The way of a rating as steps, each with its numbers and how it is; pure.
 *
 * @module
 */

import {
  bytes,
  CATCHING_UP,
  count,
  counted,
  duration,
  moment,
  rate,
  windowWords,
} from "./numbers.js";
import { phaseOf } from "./phase.js";

/** @typedef {import("./types.js").Status} Status */
/** @typedef {import("./types.js").Source} Source */
/** @typedef {import("./types.js").Sink} Sink */

/** @typedef {"good" | "slow" | "broken" | "rest"} Level */
/** @typedef {{label: string, value: string, href?: string, level?: Level}} Line */

/**
 * @typedef {object} Step
 * @property {string} key
 * @property {string} title
 * @property {string} figure
 * @property {string} unit
 * @property {Level} level
 * @property {string} word how it is, in words
 * @property {Line[]} lines
 */

const BEHIND_MS = 60_000;

/**
 * All steps, in the order of the way.
 *
 * @param {Status} status
 * @returns {Step[]}
 */
export function steps(status) {
  return [
    sources(status),
    queue(status),
    classes(status),
    windows(status),
    commits(status),
    sinks(status),
  ];
}

/**
 * @param {Status} status
 * @returns {{level: Level, word: string}}
 */
function whole(status) {
  const phase = phaseOf(status);
  if (phase === "running") return { level: "good", word: "running" };
  return { level: "rest", word: phase === "finished" ? "finished" : "not running" };
}

/**
 * The worst of several parts says how a step is.
 *
 * @param {Line[]} parts
 * @param {{level: Level, word: string}} otherwise
 */
function worst(parts, otherwise) {
  const bad = parts.filter((part) => part.level === "broken" || part.level === "slow");
  if (!bad.length) return otherwise;
  const level = /** @type {Level} */ (bad.some((p) => p.level === "broken") ? "broken" : "slow");
  const one = parts.length === 1;
  return { level, word: one ? bad[0].value : `${bad.length} of ${parts.length} in trouble` };
}

/**
 * @param {Source} source
 * @returns {Line}
 */
function sourceLine(source) {
  const { name: label, state, error } = source;
  if (state === undefined) return { label, value: "" };
  if (state === "broken") return { label, value: `broken: ${error}`, level: "broken" };
  if (state === "waiting") return { label, value: `waiting: ${error}`, level: "slow" };
  if (state !== "running") return { label, value: state, level: "rest" };
  if (!source.connected) return { label, value: "not connected", level: "broken" };
  return { label, value: "connected", level: "good" };
}

/**
 * @param {Status} status
 * @returns {Step}
 */
function sources(status) {
  const lines = status.sources.map(sourceLine);
  const title = "Sources";
  const unit = status.rate === null ? CATCHING_UP : "ratings a second";
  const figure = { figure: rate(status.rate), unit };
  const read = lines.length === 1 ? "source" : "sources";
  const rest = {
    figure: count(lines.length),
    unit: status.finished ? `${read}, read to the end` : read,
  };
  const shown = status.running ? figure : rest;
  return { key: "sources", title, ...shown, lines, ...worst(lines, whole(status)) };
}

/**
 * @param {Status} status
 * @returns {Step}
 */
function queue(status) {
  const waiting = status.queue;
  return {
    key: "queue",
    title: "Waiting",
    figure: count(waiting?.ratings),
    unit: status.running ? "ratings wait their turn" : "nothing is read any more",
    lines: waiting ? [{ label: "in memory", value: bytes(waiting.bytes) }] : [],
    ...(waiting ? { level: "good", word: "flowing" } : whole(status)),
  };
}

/**
 * @param {Status} status
 * @returns {Step}
 */
function classes({ books }) {
  /** @type {Line[]} */
  const lines = [
    { label: "counted", value: count(books.counted) },
    { label: "came twice", value: count(books.duplicate) },
    { label: "too late", value: count(books.late), href: "rejects#late-title" },
    { label: "rejected", value: count(books.rejected), href: "rejects#rejects-title" },
  ];
  if (books.pending) lines.push({ label: "under way", value: count(books.pending) });
  const title = "Sorted";
  const state = books.balanced
    ? { level: /** @type {Level} */ ("good"), word: "all accounted for" }
    : { level: /** @type {Level} */ ("broken"), word: "some are missing" };
  return {
    key: "classes",
    title,
    figure: count(books.received),
    unit: "ratings came in",
    lines,
    ...state,
  };
}

/**
 * @param {Status} status
 * @returns {Step}
 */
function windows(status) {
  const { watermark_ms: watermark, now_ms: now } = status;
  const behind = watermark === null ? null : Math.max(0, now - watermark);
  /** @type {Line[]} */
  const lines = [{ label: "final up to", value: finalWords(status) }];
  if (status.running && status.live && behind !== null) {
    lines.push({ label: "behind the clock", value: duration(behind) });
  }
  status.windows.forEach((window, at) => {
    lines.push({ label: "window", value: windowWords(window) });
    const missed = status.specs[at]?.missed;
    if (missed) lines.push({ label: "missed by late ratings", value: count(missed) });
  });
  const slow = status.running && status.live && behind !== null && behind > BEHIND_MS;
  return {
    key: "windows",
    title: "Windows",
    figure: count(status.active),
    unit: `${status.active === 1 ? "product" : "products"} in the ${status.running ? "newest" : "last"} one`,
    lines,
    ...(slow ? { level: "slow", word: `${duration(behind)} behind` } : whole(status)),
  };
}

/** @param {Status} status */
function finalWords(status) {
  const { watermark_ms: watermark, now_ms: now } = status;
  return phaseOf(status) === "finished" ? "the end" : moment(watermark, now);
}

/**
 * @param {Status} status
 * @returns {Step}
 */
function commits(status) {
  const { commits: saved, latency } = status;
  /** @type {Line[]} */
  const lines = saved
    ? [
        { label: "half take at most", value: duration(saved.p50_ms) },
        { label: "99 of 100", value: duration(saved.p99_ms) },
        { label: "a rating is safe within", value: duration(latency?.p99_ms) },
      ]
    : [];
  const figure = status.running
    ? { figure: count(saved?.number), unit: "times saved to disk" }
    : { figure: count(status.books.received), unit: "ratings are on disk" };
  const state = saved ? { level: /** @type {Level} */ ("good"), word: "saving" } : whole(status);
  return { key: "commits", title: "Saved", ...figure, lines, ...state };
}

/**
 * @param {Sink} sink
 * @returns {Line}
 */
function sinkLine(sink) {
  const backlog = sink.backlog
    ? `${counted(sink.backlog, "row")} waiting (${bytes(sink.backlog_bytes)})`
    : "up to date";
  const lost = sink.passed_over ? `, ${counted(sink.passed_over, "row")} passed over` : "";
  const refused = sink.refused ? `, ${count(sink.refused)} refused` : "";
  if (sink.state === "broken") {
    return { label: sink.name, value: `broken: ${sink.error}; ${backlog}${lost}`, level: "broken" };
  }
  const level = sink.refused || sink.passed_over ? "slow" : "good";
  return { label: sink.name, value: backlog + lost + refused, level };
}

/**
 * @param {Status} status
 * @returns {Step}
 */
function sinks(status) {
  const lines = status.sinks.map(sinkLine);
  const rows = status.sinks.reduce((sum, sink) => sum + sink.backlog, 0);
  const here = status.queue !== null; // of a job that does not run in this process, nobody knows
  const elsewhere = status.running ? "see the page of the service itself" : whole(status).word;
  const none = {
    level: /** @type {Level} */ ("rest"),
    word: here ? "none is set up" : elsewhere,
  };
  return {
    key: "sinks",
    title: "Sent on",
    figure: here ? count(rows) : "–",
    unit: here || status.running ? "rows wait to be sent" : "nothing is sent any more",
    lines,
    ...(lines.length ? worst(lines, whole(status)) : none),
  };
}
