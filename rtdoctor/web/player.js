// Plays what was recorded, from a moment on. What is not in the recording is silence.

const AHEAD = 1.5; // seconds that are given to the sound card before they are due
const PIECE = 5; // seconds in a buffer at most

/** Runs of chunks that follow each other without a gap, as {at, values, rate}, from a moment on. */
function* runs(track, from) {
  let run = null;
  for (let index = track.cuts ? 0 : firstAfter(track.chunks, from); index < track.chunks.length; index += 1) {
    const chunk = track.chunks[index];
    const heardFor = Math.min(chunk.seconds, chunk.cut);
    if (!chunk.held || chunk.codec === "unknown" || heardFor <= 0 || chunk.at + heardFor <= from) continue;
    const values = samples(chunk.held, chunk.codec);
    const start = Math.max(0, Math.round((from - chunk.at) * chunk.rate));
    const part = values.subarray(start, Math.round(heardFor * chunk.rate));
    const at = chunk.at + start / chunk.rate;
    const joins = run && run.rate === chunk.rate && Math.abs(run.at + run.size / run.rate - at) < 0.002;
    if (run && (!joins || run.size / run.rate > PIECE)) {
      yield run;
      run = null;
    }
    run ??= { at, rate: chunk.rate, size: 0, parts: [] };
    run.parts.push(part);
    run.size += part.length;
  }
  if (run) yield run;
}

function newPlayer(changed) {
  return { context: null, timer: 0, from: NaN, started: 0, sources: new Set(), changed };
}

/** The moment that is heard now; NaN where nothing is played. */
function playedAt(player) {
  return player.timer ? player.from + player.context.currentTime - player.started : NaN;
}

function play(player, session, from, speakers, until) {
  stop(player);
  player.context ??= new AudioContext();
  void player.context.resume();
  player.from = from;
  player.started = player.context.currentTime + 0.05;
  const waiting = speakers.map((speaker) => runs(session.tracks[speaker], from));
  const heads = waiting.map((each) => each.next());
  const feed = () => {
    const now = playedAt(player);
    waiting.forEach((each, index) => {
      while (!heads[index].done && heads[index].value.at < now + AHEAD) {
        sound(player, heads[index].value);
        heads[index] = each.next();
      }
    });
    if ((heads.every((head) => head.done) && !player.sources.size) || now > until + 0.5) stop(player);
  };
  player.timer = setInterval(feed, 200);
  feed();
  player.changed();
}

function sound(player, run) {
  const buffer = player.context.createBuffer(1, run.size, run.rate);
  const into = buffer.getChannelData(0);
  let place = 0;
  for (const part of run.parts) for (let at = 0; at < part.length; at += 1) into[place++] = part[at] / 32768;
  const source = player.context.createBufferSource();
  source.buffer = buffer;
  source.connect(player.context.destination);
  source.onended = () => player.sources.delete(source);
  const due = player.started + run.at - player.from;
  source.start(Math.max(due, player.context.currentTime), Math.max(0, player.context.currentTime - due));
  player.sources.add(source);
}

function stop(player) {
  if (!player.timer) return;
  clearInterval(player.timer);
  player.timer = 0;
  for (const source of player.sources) source.stop();
  player.sources.clear();
  player.changed();
}
