// The waveform: both speakers on one axis, and under each what was told of it.

const AUTO_LIVE = 60; // seconds that are shown of a session that goes on
const LANE = 50;
const NAME = 13; // the speaker's name above a lane
const MARKS = 16;
const HEAD = 16;

function newView() {
  return { from: 0, to: 10, auto: true, cursor: NaN };
}

/** From where to where the session's axis goes. */
function extent(session) {
  const start = Number.isFinite(session.firstAt) ? session.firstAt : 0;
  const end = Math.max(
    Number.isFinite(session.lastAt) ? session.lastAt : start,
    session.tracks.client.end,
    session.tracks.server.end,
  );
  return [start, Math.max(end, start + 1)];
}

/** Keep the view within the session, and at its end where nobody moved it. */
function settle(view, session, live) {
  const [start, end] = extent(session);
  if (view.auto) {
    view.from = live ? Math.max(start, end - AUTO_LIVE) : start;
    view.to = end;
    return;
  }
  const size = Math.min(Math.max(view.to - view.from, 0.2), end - start);
  view.from = Math.min(Math.max(view.from, start), end - size);
  view.to = view.from + size;
}

function zoom(view, session, by) {
  const around = Number.isFinite(view.cursor) && view.cursor >= view.from && view.cursor <= view.to ? view.cursor : (view.from + view.to) / 2;
  view.auto = false;
  const size = (view.to - view.from) * by;
  const share = (around - view.from) / (view.to - view.from);
  view.from = around - share * size;
  view.to = view.from + size;
  settle(view, session, false);
}

/** The lowest and highest sample in each of so many columns, in pairs; null for a column without audio. */
function columns(track, view, wide) {
  const lows = new Int16Array(wide).fill(1);
  const highs = new Int16Array(wide).fill(-1);
  const state = new Uint8Array(wide); // 1 audio, 2 audio that nobody heard, 3 audio that was not kept
  const scale = wide / (view.to - view.from);
  for (let index = track.cuts ? 0 : firstAfter(track.chunks, view.from); index < track.chunks.length; index += 1) {
    const chunk = track.chunks[index];
    if (chunk.at > view.to) {
      if (track.cuts) continue;
      break;
    }
    if (chunk.at + chunk.seconds < view.from) continue;
    const first = Math.max(0, Math.floor((chunk.at - view.from) * scale));
    const last = Math.min(wide - 1, Math.max(first, Math.ceil((chunk.at + chunk.seconds - view.from) * scale) - 1));
    for (let column = first; column <= last; column += 1) {
      const since = (column / scale + view.from) - chunk.at;
      const unheard = since >= chunk.cut;
      if (unheard && state[column] === 1) continue;
      if (!unheard && state[column] === 2) {
        lows[column] = 1;
        highs[column] = -1;
      }
      if (!chunk.outline) {
        state[column] = 3;
        continue;
      }
      state[column] = unheard ? 2 : 1;
      const bins = chunk.outline.length / 2;
      const from = Math.min(bins - 1, Math.max(0, Math.floor(since * BINS)));
      const to = Math.min(bins, Math.max(from + 1, Math.ceil((since + 1 / scale) * BINS)));
      for (let bin = from; bin < to; bin += 1) {
        lows[column] = Math.min(lows[column], chunk.outline[bin * 2]);
        highs[column] = Math.max(highs[column], chunk.outline[bin * 2 + 1]);
      }
    }
  }
  return { lows, highs, state };
}

function drawWave(canvas, session, view, playing) {
  const wide = Math.max(50, Math.floor(canvas.clientWidth));
  const ratio = Math.min(3, window.devicePixelRatio || 1);
  const high = HEAD + 2 * (NAME + LANE + MARKS);
  if (canvas.width !== Math.floor(wide * ratio) || canvas.height !== Math.floor(high * ratio)) {
    canvas.width = Math.floor(wide * ratio);
    canvas.height = Math.floor(high * ratio);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  const style = getComputedStyle(canvas);
  const colour = (name) => style.getPropertyValue(name).trim();
  const x = (at) => ((at - view.from) / (view.to - view.from)) * wide;
  pen.clearRect(0, 0, wide, high);
  pen.font = "11px system-ui, sans-serif";
  pen.textBaseline = "middle";
  ruler(pen, view, wide, high, x, colour);
  let top = HEAD;
  for (const speaker of ["client", "server"]) {
    pen.fillStyle = colour("--dim");
    pen.fillText(speaker === "client" ? "client speaks" : "server speaks", 2, top + 7);
    top += NAME;
    lane(pen, session.tracks[speaker], view, wide, top, colour(`--${speaker}`), colour);
    marksOf(pen, session, speaker, wide, top + LANE, x, colour);
    top += LANE + MARKS;
  }
  for (const [at, name] of [[view.cursor, "--text"], [playing, "--bad"]]) {
    if (!Number.isFinite(at) || at < view.from || at > view.to) continue;
    pen.fillStyle = colour(name);
    pen.fillRect(Math.round(x(at)), 0, 1, high);
  }
}

function ruler(pen, view, wide, high, x, colour) {
  const rough = ((view.to - view.from) / wide) * 90;
  const step = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600].find((each) => each >= rough) ?? 7200;
  for (let at = Math.ceil(view.from / step) * step; at <= view.to; at += step) {
    pen.fillStyle = colour("--line");
    pen.fillRect(Math.round(x(at)), 0, 1, high);
    pen.fillStyle = colour("--dim");
    pen.fillText(clock(at).replace(/\.000$/, ""), x(at) + 3, 8);
  }
}

function lane(pen, track, view, wide, top, ink, colour) {
  const middle = top + LANE / 2;
  pen.fillStyle = colour("--line");
  pen.fillRect(0, Math.round(middle), wide, 1);
  const { lows, highs, state } = columns(track, view, wide);
  for (let column = 0; column < wide; column += 1) {
    if (!state[column]) continue;
    if (state[column] === 3) {
      pen.fillStyle = colour("--dim");
      if (column % 4 < 2) pen.fillRect(column, middle - 3, 1, 6);
      continue;
    }
    pen.fillStyle = ink;
    pen.globalAlpha = state[column] === 2 ? 0.35 : 1;
    const high = (Math.max(0, highs[column]) / 128) * (LANE / 2 - 2);
    const low = (Math.min(0, lows[column]) / 128) * (LANE / 2 - 2);
    pen.fillRect(column, middle - high, 1, Math.max(1, high - low));
  }
  pen.globalAlpha = 1;
}

function marksOf(pen, session, speaker, wide, top, x, colour) {
  const shown = session.marks.filter((mark) => !(x(mark.until ?? mark.at) < -6) && x(mark.at) < wide + 6);
  const dense = shown.length * 8 > wide; // then nothing is drawn over the sound itself
  for (const mark of shown) {
    const left = x(mark.at);
    if (speaker === "client" && mark.kind === "speech") {
      const right = x(Number.isFinite(mark.until) ? mark.until : session.lastAt);
      pen.fillStyle = colour("--speech");
      pen.fillRect(left, top + 2, Math.max(2, right - left), 6);
    } else if (speaker === "client" && mark.kind === "commit") {
      pen.fillStyle = colour("--text");
      triangle(pen, left, top + 9);
    } else if (speaker === "server" && mark.kind === "interruption") {
      pen.fillStyle = colour("--bad");
      if (!dense) pen.fillRect(left - 1, top - LANE + 2, 2, LANE + 2);
      pen.fillRect(dense ? left - 1 : left - 5, top + 4, dense ? 2 : 10, dense ? 6 : 3);
    }
  }
}

function triangle(pen, x, y) {
  pen.beginPath();
  pen.moveTo(x, y);
  pen.lineTo(x + 4, y + 6);
  pen.lineTo(x - 4, y + 6);
  pen.fill();
}

/** What the picture shows, in words. */
function waveInWords(session) {
  const kinds = (kind) => session.marks.filter((mark) => mark.kind === kind).length;
  const { client, server } = session.tracks;
  const lost = client.lost + server.lost;
  return [
    `client ${client.seconds.toFixed(1)} s of audio`,
    `server ${server.seconds.toFixed(1)} s`,
    plural(kinds("speech"), "turn") + " of speech found by VAD",
    plural(kinds("commit"), "commit"),
    plural(kinds("interruption"), "interruption"),
    ...(lost > 0 ? [`${lost.toFixed(1)} s are not in the recording, not held by this page or in a codec that it does not know: silent when played`] : []),
  ].join(", ");
}
