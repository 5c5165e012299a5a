/**
 * The shapes of the API's answers, for the type checker; nothing of this runs.
 *
 * @module
 */

/** @typedef {{lowest: number, highest: number, step: number, values: number[]}} Scale */
/** @typedef {{label: string, size_ms: number, slide_ms: number, offset_ms: number}} Window */

/**
 * @typedef {object} Books
 * @property {number} received
 * @property {number} counted
 * @property {number} duplicate
 * @property {number} late
 * @property {number} rejected
 * @property {number} pending
 * @property {boolean} balanced
 * @property {string} sentence
 */

/**
 * @typedef {object} Source
 * @property {string} name
 * @property {string} [state]
 * @property {boolean} [connected]
 * @property {string} [error]
 * @property {number} [failures]
 * @property {number} [redelivered]
 */

/**
 * @typedef {object} Sink
 * @property {string} name
 * @property {string} state
 * @property {string} error
 * @property {number} failures
 * @property {number} backlog
 * @property {number} backlog_bytes
 * @property {number} refused
 * @property {number} passed_over
 */

/** @typedef {{number: number, p50_ms: number | null, p99_ms: number | null}} Spread */

/**
 * @typedef {object} SpecBooks
 * @property {string} label
 * @property {number} [expected]
 * @property {number} [closed]
 * @property {number} [open]
 * @property {number} [missed]
 */

/**
 * @typedef {object} Status
 * @property {number} seq
 * @property {string} version
 * @property {string} identity
 * @property {boolean} running
 * @property {boolean} live
 * @property {boolean} [finished]
 * @property {number} now_ms
 * @property {number | null} watermark_ms
 * @property {number | null} data_age_ms
 * @property {number | null} newest_ms
 * @property {string | null} time
 * @property {Scale | null} scale
 * @property {Window[]} windows
 * @property {number[]} tiers_ms
 * @property {number | null} since_ms
 * @property {number | null} first_ms
 * @property {number | null} last_ms
 * @property {number} products
 * @property {number} active
 * @property {number | null} rate null while it works off what had waited
 * @property {boolean} catalogue
 * @property {Books} books
 * @property {Record<string, number>} reasons
 * @property {SpecBooks[]} specs
 * @property {Source[]} sources
 * @property {Sink[]} sinks
 * @property {{ratings: number, bytes: number} | null} queue
 * @property {Spread | null} commits
 * @property {Spread | null} latency
 * @property {string[]} troubles
 */

/**
 * @typedef {object} Columns Columns of product rows, each of one length.
 * @property {string[]} id
 * @property {string[]} name
 * @property {string[]} category
 * @property {number[]} count
 * @property {number[][]} stars
 * @property {(number | null)[]} mean
 * @property {(number | null)[]} change
 * @property {{count: number[], stars: number[][]}} provisional
 * @property {(number | null)[][]} trend
 * @property {number[]} all_count
 * @property {number[][]} all_stars
 * @property {(number | null)[]} score
 * @property {(number | null)[]} score_low
 * @property {(number | null)[]} score_high
 * @property {(number | null)[]} rank
 */

/**
 * @typedef {object} Products
 * @property {number} seq
 * @property {Window | null} window
 * @property {number | null} end_ms
 * @property {number} total
 * @property {number} offset
 * @property {Columns} rows
 */

/**
 * @typedef {object} Overview
 * @property {number} seq
 * @property {number | null} end_ms
 * @property {{low: number[], high: number[], count: number[]}} distribution
 * @property {{category: string, products: number, count: number, stars: number[],
 *   mean: number | null}[]} categories
 */

/**
 * @typedef {object} Refused One rejected rating (reason, text or base64) or late one (the rest).
 * @property {number} number
 * @property {string} source
 * @property {number | string} position
 * @property {string} [reason]
 * @property {string | null} [text]
 * @property {string | null} [base64]
 * @property {string} [id]
 * @property {string} [reviewer]
 * @property {number} [stars]
 * @property {number | null} [event_ms]
 * @property {number} [arrival_ms]
 */

/** @typedef {{total: number, rows: Refused[]}} RefusedPage */

export {};
