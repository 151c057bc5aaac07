// What an event tells of its connection: turns and their latencies, transcripts, calls, usage. No DOM in here.

const DELTA = /\.delta$/;

function newTurn(session, ident, at, number) {
  const turn = {
    ident,
    number, // of the event that began it
    createdAt: at,
    askedAt: NaN, // response.create
    spokenUntil: NaN, // end of speech, told by VAD or by the client's commit
    firstDelta: NaN,
    firstAudio: NaN,
    audioAt: NaN,
    doneAt: NaN,
    audio: 0,
    status: "in progress",
    interrupted: false,
  };
  session.turns.push(turn);
  session.byResponse.set(ident, turn);
  return turn;
}

/** Seconds from the end of speech to the first delta. */
function speechToDelta(turn) {
  return turn.firstDelta - turn.spokenUntil;
}

/** Seconds from response.create to the first audio. */
function createToAudio(turn) {
  return turn.firstAudio - turn.askedAt;
}

/** Tell at an event how long it took since something. */
function lag(one, seconds, what) {
  if (Number.isFinite(seconds)) one.lag = `${one.lag ? `${one.lag}, ` : ""}${span(seconds)} after ${what}`;
}

/** Least, median and most of the numbers among these; null where there is none. */
function spread(values) {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (!sorted.length) return null;
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { count: sorted.length, least: sorted[0], median, most: sorted[sorted.length - 1] };
}

function judge(story, session, event, type, at, from, one) {
  if (from === "client") judgeClient(session, event, type, at, one);
  else judgeServer(session, event, type, at, one);
  if (DELTA.test(type) && from !== "client") {
    const turn = session.byResponse.get(asText(event.response_id)) ?? (/transcription/.test(type) ? session.listening.get(asText(event.item_id)) : undefined);
    if (turn && Number.isNaN(turn.firstDelta)) {
      turn.firstDelta = at;
      lag(one, speechToDelta(turn), "speech end");
    }
    if (!one.note && typeof event.delta === "string") one.note = oneLine(event.delta);
  }
}

function judgeClient(session, event, type, at, one) {
  const item = obj(event.item);
  if (/session\.(update|start)$/.test(type)) takeConfiguration(session, obj(event.session));
  else if (type === "response.create") {
    if (session.waiting.length < 1000) session.waiting.push({ at, ident: asText(event.event_id) });
  }
  else if (/input_audio_buffer\.commit$/.test(type)) {
    session.marks.push({ kind: "commit", at: heard(session.tracks.client, at), ident: "" });
    session.stopped = { at, ident: "" };
  } else if (type === "response.cancel") interrupt(session, at, asText(event.response_id));
  else if (type === "output_audio_buffer.clear" || type === "conversation.item.truncate") {
    // The client says how much of the item was heard; else it is what was heard by now.
    const heardUntil = (session.tracks.server.starts.get(asText(event.item_id)) ?? NaN) + Number(event.audio_end_ms) / 1000;
    interrupt(session, at, "", Number.isFinite(heardUntil) ? heardUntil : at);
    if (type === "conversation.item.truncate") {
      one.note = `${asText(event.item_id)} after ${asText(event.audio_end_ms)} ms`;
      const said = session.bySaid.get(asText(event.item_id));
      if (said) said.cutAt = Number(event.audio_end_ms) / 1000;
    }
  } else if (type === "conversation.item.create") {
    if (item.type === "function_call_output") {
      const call = callOf(session, asText(item.call_id), at);
      call.output = asText(item.output);
      call.outputAt = at;
      one.note = oneLine(call.output);
    } else {
      const text = textOf(item);
      one.note = oneLine(`${asText(item.role)} ${text}`);
      if (text) say(session, asText(item.id) || `client ${one.number}`, asText(item.role) || "user", at, text, true);
    }
  }
}

/** Until where somebody heard a speaker who has sent all that is on the track. */
function heard(track, at) {
  return track.chunks.length ? Math.max(track.end, Number.isFinite(at) ? Math.min(at, track.end + JITTER) : 0) : at;
}

function textOf(item) {
  const parts = Array.isArray(item.content) ? item.content.map(obj) : [];
  return parts.map((part) => asText(part.text ?? part.transcript)).filter(Boolean).join("\n");
}

function interrupt(session, at, ident, until = at) {
  const track = session.tracks.server;
  const turn = session.byResponse.get(ident) ?? session.turns[session.turns.length - 1];
  const cut = cutAudio(track, until);
  const running = turn && turn.status === "in progress" && turn.audio > 0;
  if (cut > 0 || running) {
    if (turn) turn.interrupted = true;
    session.marks.push({ kind: "interruption", at: until, ident: turn ? turn.ident : "", cut });
  }
}

function judgeServer(session, event, type, at, one) {
  const response = obj(event.response);
  const item = obj(event.item);
  const itemId = asText(event.item_id);
  if (/session\.(created|updated|started)$/.test(type)) {
    takeConfiguration(session, obj(event.session));
    one.note = oneLine([session.kind, session.model || session.transcriber].filter(Boolean).join(" "));
  } else if (type === "error") {
    const error = obj(event.error);
    session.errors += 1;
    one.level = "error";
    one.note = oneLine(`${asText(error.code || error.type)} ${asText(error.message)}`);
    session.waiting = session.waiting.filter((asked) => !asked.ident || asked.ident !== asText(error.event_id));
  } else if (/speech_started$/.test(type)) {
    const start = placeOf(session.tracks.client, Number(event.audio_start_ms) / 1000);
    session.talking = { kind: "speech", at: Number.isFinite(start) ? start : at, until: NaN, ident: itemId };
    session.marks.push(session.talking);
    session.found.add(itemId);
    one.note = `at ${asText(event.audio_start_ms)} ms of the audio`;
    interrupt(session, at, "");
  } else if (/speech_stopped$/.test(type)) {
    const stop = placeOf(session.tracks.client, Number(event.audio_end_ms) / 1000);
    if (session.talking) session.talking.until = Number.isFinite(stop) ? stop : at;
    session.talking = null;
    session.stopped = { at, ident: itemId };
    listen(session, itemId, at, one.number);
    one.note = `at ${asText(event.audio_end_ms)} ms of the audio`;
  } else if (/input_audio_buffer\.committed$/.test(type)) {
    if (session.found.has(itemId)) session.marks.push({ kind: "commit", at: heard(session.tracks.client, at), ident: itemId });
    else if (session.stopped) listen(session, itemId, session.stopped.at, one.number);
  } else if (type === "response.created") {
    const turn = newTurn(session, asText(response.id), at, one.number);
    const asked = session.waiting.shift();
    if (asked) turn.askedAt = asked.at;
    if (session.stopped) turn.spokenUntil = session.stopped.at;
    session.stopped = null;
  } else if (type === "response.done") {
    takeDone(session, response, at, one);
  } else if (/^(session\.)?(conversation\.item\.)?input(_audio)?_trans(cription|cript)\./.test(type) || /input_audio_transcription\./.test(type)) {
    takeHeard(session, event, type, at, one);
  } else if (/(audio_transcript|output_transcript|output_text|response\.text)\.(delta|done)$/.test(type)) {
    const key = itemId || asText(event.response_id) || running(session, "assistant", at);
    if (DELTA.test(type)) say(session, key, "assistant", at, asText(event.delta), false, asText(event.response_id));
    else say(session, key, "assistant", at, asText(event.transcript ?? event.text), true, asText(event.response_id));
  } else if (/function_call_arguments\.(delta|done)$/.test(type)) {
    const call = callOf(session, asText(event.call_id) || itemId, at);
    if (DELTA.test(type)) call.arguments += asText(event.delta);
    else {
      call.arguments = asText(event.arguments);
      call.doneAt = at;
      if (event.name) call.name = asText(event.name);
      one.note = oneLine(`${call.name}(${call.arguments})`);
    }
  } else if (/item\.(added|created|done)$/.test(type) && item.type === "function_call") {
    const call = callOf(session, asText(item.call_id) || asText(item.id), at);
    call.name = asText(item.name) || call.name;
    if (item.arguments) call.arguments = asText(item.arguments);
    one.note = oneLine(call.name);
  } else if (/^conversation\.item\.(added|created)$/.test(type) && item.type === "message") {
    const text = textOf(item);
    const known = session.said.slice(-50).some((said) => said.who === asText(item.role) && said.text === text);
    if (text && !known) say(session, asText(item.id), asText(item.role), at, text, true);
    one.note = oneLine(`${asText(item.role)} ${text}`);
  } else if (type === "rate_limits.updated" && Array.isArray(event.rate_limits)) {
    one.note = oneLine(event.rate_limits.map((limit) => `${asText(obj(limit).name)} ${asText(obj(limit).remaining)}`).join(", "));
  }
}

/** A turn of a transcription session: no response answers it, its transcript does. */
function listen(session, itemId, at, number) {
  if (itemId && !session.listening.has(itemId)) session.listening.set(itemId, { ident: itemId, number, firstDelta: NaN, spokenUntil: at, doneAt: NaN, status: "no transcript yet" });
}

function takeHeard(session, event, type, at, one) {
  const key = asText(event.item_id) || running(session, "user", at);
  if (DELTA.test(type)) say(session, key, "user", at, asText(event.delta), false);
  else if (/completed$|done$/.test(type)) {
    say(session, key, "user", at, asText(event.transcript), true);
    one.note = oneLine(asText(event.transcript));
    const usage = obj(event.usage);
    session.usage.transcriptions += 1;
    session.usage.transcribed += Number(usage.total_tokens) || 0;
    session.usage.seconds += Number(usage.seconds) || 0;
    const turn = session.listening.get(key);
    if (turn) {
      if (Number.isNaN(turn.firstDelta)) turn.firstDelta = at;
      turn.doneAt = at;
      turn.status = "transcribed";
    }
  } else if (/failed$/.test(type)) {
    one.level = "error";
    one.note = oneLine(asText(obj(event.error).message));
  }
}

function takeDone(session, response, at, one) {
  const turn = session.byResponse.get(asText(response.id)) ?? newTurn(session, asText(response.id), NaN, one.number);
  turn.doneAt = at;
  turn.status = asText(response.status) || "done";
  const details = obj(response.status_details);
  const why = asText(details.reason ?? obj(details.error).code);
  one.note = oneLine(`${turn.status} ${why}`);
  if (turn.status === "failed") one.level = "error";
  else if (turn.status !== "completed") one.level = "warning";
  if (turn.status === "cancelled") turn.interrupted = true;
  const usage = obj(response.usage);
  if (Object.keys(usage).length) {
    const into = obj(usage.input_token_details);
    const out = obj(usage.output_token_details);
    const all = session.usage;
    all.responses += 1;
    for (const [name, value] of [
      ["input", usage.input_tokens],
      ["output", usage.output_tokens],
      ["cached", into.cached_tokens],
      ["audioIn", into.audio_tokens],
      ["textIn", into.text_tokens],
      ["audioOut", out.audio_tokens],
      ["textOut", out.text_tokens],
    ]) {
      all[name] += Number(value) || 0;
    }
  }
}

function takeConfiguration(session, given) {
  const audio = obj(given.audio);
  const input = given.input_audio_format ?? obj(audio.input).format;
  const output = given.output_audio_format ?? obj(audio.output).format;
  if (input) session.formats.client = formatOf(input);
  if (output) session.formats.server = formatOf(output);
  if (given.model) session.model = asText(given.model);
  if (given.type) session.kind = asText(given.type);
  const transcription = obj(obj(audio.input).transcription ?? given.input_audio_transcription);
  if (transcription.model) session.transcriber = asText(transcription.model);
}

const PAUSE = 2; // seconds of silence after which a transcript without items begins anew
const LONGEST = 2_000; // characters of one that nobody pauses in

/** The key of what somebody is saying in a stream that names no items (translation). */
function running(session, who, at) {
  const last = session.running.get(who) ?? { number: 0, at };
  const said = session.bySaid.get(`${who} ${last.number}`);
  if (at - last.at > PAUSE || (said && said.text.length > LONGEST)) last.number += 1;
  last.at = at;
  session.running.set(who, last);
  return `${who} ${last.number}`;
}

/** Add to what somebody said; a whole text takes the place of its parts. */
function say(session, key, who, at, text, whole, response = "") {
  let said = session.bySaid.get(key);
  if (!said) {
    said = { key, order: session.order++, who, at, text: "", whole: false, response, cutAt: NaN };
    session.bySaid.set(key, said);
    session.said.push(said);
  }
  if (whole) said.text = text;
  else if (said.text.length < 200_000) said.text += text;
  said.whole = whole;
  if (response) said.response = response;
}

function callOf(session, ident, at) {
  let call = session.byCall.get(ident);
  if (!call) {
    call = { ident, order: session.order++, name: "", arguments: "", output: null, at, doneAt: NaN, outputAt: NaN };
    session.byCall.set(ident, call);
    session.calls.push(call);
  }
  return call;
}

/** What the session cost so far in dollars, or null where nobody knows. Only transcription by the minute has a price. */
function costOf(session, prices) {
  const price = session.usage.responses ? undefined : prices[session.transcriber];
  return typeof price === "number" ? (session.tracks.client.seconds / 60) * price : null;
}
