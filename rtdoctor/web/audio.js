// Audio: what an event carries, its samples, and its outline.

const BINS = 100; // a second: each bin is 10 ms
const USUAL = Object.freeze({ codec: "pcm16", rate: 24_000 });

/** {field, speaker} of the audio in an event, or null. */
function audioOf(event, from) {
  const type = typeof event.type === "string" ? event.type : "";
  if (from === "client" && /input_audio(_buffer)?\.append$/.test(type) && "audio" in event) {
    return { field: "audio", speaker: "client" };
  }
  if (from !== "client" && /(^|[._])audio\.delta$/.test(type) && "delta" in event) {
    return { field: "delta", speaker: "server" };
  }
  return null;
}

/** Codec and rate of a format as a session tells it (GA's object, the beta's word). */
function formatOf(given) {
  const type = asText(typeof given === "string" ? given : obj(given).type);
  if (/pcmu|ulaw/.test(type)) return { codec: "ulaw", rate: 8000 };
  if (/pcma|alaw/.test(type)) return { codec: "alaw", rate: 8000 };
  if (type && !/pcm/.test(type)) return { codec: "unknown", rate: 24_000 };
  const rate = Number(obj(given).rate ?? USUAL.rate);
  return rate >= 4000 && rate <= 192_000 ? { codec: "pcm16", rate } : { codec: "unknown", rate: USUAL.rate };
}

/** The bytes of a base64 text; null where it is none. */
function fromBase64(text) {
  try {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    const plain = atob(text);
    const held = new Uint8Array(plain.length);
    for (let at = 0; at < plain.length; at += 1) held[at] = plain.charCodeAt(at);
    return held;
  } catch {
    return null;
  }
}

/** The base64 text of bytes. */
function toBase64(held) {
  if (held.toBase64) return held.toBase64();
  let plain = "";
  for (let at = 0; at < held.length; at += 8192) plain += String.fromCharCode(...held.subarray(at, at + 8192));
  return btoa(plain);
}

// ITU-T G.711, tables 1a and 2a: sign, exponent of three bits, mantissa of four.
function ulaw(byte) {
  const value = ~byte & 0xff;
  const size = (((value & 0x0f) << 3) + 0x84) << ((value & 0x70) >> 4);
  return value & 0x80 ? 0x84 - size : size - 0x84;
}

function alaw(byte) {
  const value = byte ^ 0x55;
  const exponent = (value & 0x70) >> 4;
  const low = ((value & 0x0f) << 4) + 8;
  const size = exponent === 0 ? low : (low + 0x100) << (exponent - 1);
  return value & 0x80 ? size : -size;
}

const TABLES = {
  ulaw: Int16Array.from({ length: 256 }, (_, byte) => ulaw(byte)),
  alaw: Int16Array.from({ length: 256 }, (_, byte) => alaw(byte)),
};

/** Bytes of a sample. */
function width(codec) {
  return codec === "pcm16" ? 2 : 1;
}

/** How many seconds so many bytes last. */
function lasting(size, format) {
  return size / width(format.codec) / format.rate;
}

/** 16-bit samples; empty where the codec is unknown. An odd last byte is half a sample, and is left out. */
function samples(held, codec) {
  if (codec === "pcm16") {
    // Browsers run on machines that put the low byte first, as the audio does.
    const even = held.byteOffset % 2 ? held.slice() : held;
    return new Int16Array(even.buffer, even.byteOffset, even.length >> 1);
  }
  const table = TABLES[codec];
  const found = new Int16Array(table ? held.length : 0);
  for (let at = 0; at < found.length; at += 1) found[at] = table[held[at]];
  return found;
}

/** The outline: for each bin of 10 ms the lowest and the highest sample, from −127 to 127. */
function outline(values, rate) {
  const each = rate / BINS;
  const bins = Math.max(1, Math.ceil(values.length / each));
  const found = new Int8Array(bins * 2);
  for (let bin = 0; bin < bins; bin += 1) {
    let low = 0;
    let high = 0;
    const stop = Math.min(values.length, Math.ceil((bin + 1) * each));
    for (let at = Math.floor(bin * each); at < stop; at += 1) {
      const value = values[at];
      if (value < low) low = value;
      else if (value > high) high = value;
    }
    found[bin * 2] = low >> 8;
    found[bin * 2 + 1] = high >> 8;
  }
  return found;
}

/**
 * One speaker's audio on the session's axis, in seconds. Each chunk stands where somebody would hear it who plays at
 * once: when it came, or when the one before it ends. `ms` counts the audio that was sent, as the server's VAD does.
 */
function newTrack() {
  return { chunks: [], starts: new Map(), end: 0, seconds: 0, lost: 0, cuts: 0 };
}

const JITTER = 0.25; // seconds that a chunk may come late and belong to the one before it

/** Add audio of an item: bytes, or null and a size where only the size is known. */
function addAudio(track, at, held, size, format, ident) {
  const seconds = lasting(held ? held.length : size, format);
  const when = Number.isFinite(at) ? at : track.end;
  const chunk = {
    at: track.chunks.length && when - track.end < JITTER ? track.end : when,
    came: when,
    seconds,
    before: track.seconds,
    held,
    size: held ? held.length : size,
    codec: format.codec,
    rate: format.rate,
    outline: held && format.codec !== "unknown" ? outline(samples(held, format.codec), format.rate) : null,
    cut: Infinity,
  };
  track.chunks.push(chunk);
  if (ident && !track.starts.has(ident)) track.starts.set(ident, chunk.at);
  track.end = chunk.at + seconds;
  track.seconds += seconds;
  if (!chunk.outline) track.lost += seconds;
  return chunk;
}

/** Nobody hears what comes after a moment: an interruption. How many seconds were cut. */
function cutAudio(track, at) {
  if (!(track.end > at)) return 0;
  const cut = track.end - at;
  for (let index = track.chunks.length - 1; index >= 0; index -= 1) {
    const chunk = track.chunks[index];
    if (chunk.at + chunk.seconds <= at) break;
    chunk.cut = Math.min(chunk.cut, Math.max(0, at - chunk.at));
  }
  track.end = at;
  track.cuts += 1;
  return cut;
}

/** Where on the axis the audio stands of which so many seconds were sent before; NaN where none of it is known. */
function placeOf(track, seconds) {
  let low = 0;
  let high = track.chunks.length - 1;
  if (high < 0 || !Number.isFinite(seconds)) return NaN;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (track.chunks[middle].before <= seconds) low = middle;
    else high = middle - 1;
  }
  const chunk = track.chunks[low];
  return chunk.at + Math.min(Math.max(0, seconds - chunk.before), chunk.seconds);
}

/** The first chunk that ends after a moment. Chunks are in order, but for those that were cut. */
function firstAfter(chunks, at) {
  let low = 0;
  let high = chunks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (chunks[middle].at + Math.min(chunks[middle].seconds, chunks[middle].cut) <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
