// Which events are shown, and which of them are in sight. No DOM in here.

const ROW = 26; // pixels
const SPARE = 8; // rows above and below what is in sight
const SLICE = 8; // milliseconds of filtering at a time

/** What a person asked to see. */
function newFilter() {
  return { session: null, from: "", media: true, level: "", words: [] };
}

function isMedia(one) {
  return Boolean(one.chunk) || one.kind === "ping" || one.kind === "pong" || one.kind === "binary";
}

/** The words of a search, each to be found in type, note or text; no word is an expression. */
function wordsOf(search) {
  return search
    .split(/\s+/)
    .filter(Boolean)
    .slice(0, 10)
    .map((word) => new RegExp(word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "i"));
}

function passes(one, filter) {
  if (filter.session !== null && one.session !== filter.session && one.kind !== "missed") return false;
  if (filter.from && one.from !== filter.from) return false;
  if (!filter.media && isMedia(one)) return false;
  if (filter.level === "error" && one.level !== "error") return false;
  if (filter.level === "warning" && one.level !== "error" && one.level !== "warning") return false;
  return filter.words.every((word) => word.test(one.type) || word.test(one.note) || word.test(one.data));
}

/** The events that pass, by their numbers; looked for a slice at a time, so that no page stands still. */
function newSelection() {
  return { numbers: [], next: 0, whole: false };
}

/** Go on looking until the moment; true where something changed. */
function select(selection, story, filter, until) {
  const before = selection.numbers.length;
  if (selection.numbers.length && selection.numbers[0] < story.first) {
    selection.numbers = selection.numbers.filter((number) => number >= story.first);
  }
  let at = Math.max(selection.next, story.first) - story.first;
  const plain = filter.session === null && !filter.from && filter.media && !filter.level && !filter.words.length;
  for (; at < story.rows.length; at += 1) {
    if (plain || passes(story.rows[at], filter)) selection.numbers.push(story.rows[at].number);
    if (!plain && (at & 63) === 63 && performance.now() > until) {
      at += 1;
      break;
    }
  }
  selection.next = story.first + at;
  selection.whole = at >= story.rows.length;
  return selection.numbers.length !== before;
}

/** [from, to): the rows to be drawn where a list of so many is scrolled so far. */
function inSight(total, scrolled, height) {
  const from = Math.max(0, Math.floor(scrolled / ROW) - SPARE);
  return [Math.min(from, total), Math.min(total, Math.ceil((scrolled + height) / ROW) + SPARE)];
}

/** Where a list must be scrolled so that a row is in sight. */
function scrollFor(row, scrolled, height) {
  if (row * ROW < scrolled) return row * ROW;
  if ((row + 1) * ROW > scrolled + height) return (row + 1) * ROW - height;
  return scrolled;
}
