// Text as it may be shown: nothing in it can turn a line around, hide, or stand for something else.

// Control, format and private characters, half characters, line and paragraph separators.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\p{Cn}]/gu;
const UNSEEN_BUT_LINES = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\p{Cn}]/gu;

function escaped(char) {
  return `\\u{${char.codePointAt(0).toString(16)}}`;
}

/** One line of at most so many characters. */
function oneLine(text, most = 200) {
  const cut = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  return cut.replace(/[\n\r\t]+/g, " ").replace(UNSEEN, escaped);
}

/** Lines as they are, of at most so many characters, and told to be cut. */
function manyLines(text, most = 100_000) {
  const cut = text.length > most ? `${text.slice(0, most)}\n… (the first ${count(most)} of ${count(text.length)} characters)` : text;
  return cut.replace(UNSEEN_BUT_LINES, escaped);
}

/** 12,345 */
function count(number) {
  return Math.round(number).toString().replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 event`, `3 events` */
function plural(number, one) {
  return `${count(number)} ${one}${number === 1 ? "" : "s"}`;
}

/** Seconds as 1:02.345; – where there are none. */
function clock(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const sign = seconds < 0 ? "−" : "";
  const ms = Math.round(Math.abs(seconds) * 1000);
  const minutes = Math.floor(ms / 60_000);
  const hours = Math.floor(minutes / 60);
  const rest = ((ms % 60_000) / 1000).toFixed(3).padStart(6, "0");
  return hours ? `${sign}${hours}:${String(minutes % 60).padStart(2, "0")}:${rest}` : `${sign}${minutes}:${rest}`;
}

/** A span of time as people say it: 340 ms, 1.24 s; on one line. */
function span(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  return seconds < 1 ? `${Math.round(seconds * 1000)}\u00a0ms` : `${seconds.toFixed(2)}\u00a0s`;
}

/** A size in bytes. */
function bytes(number) {
  if (number < 1000) return `${number} B`;
  return number < 1e6 ? `${(number / 1000).toFixed(1)} kB` : `${(number / 1e6).toFixed(1)} MB`;
}

/** A value of somebody else's as text, whatever it is. */
function asText(value) {
  if (typeof value === "string") return value;
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The object, or an empty one in the place of anything else. */
function obj(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
}
