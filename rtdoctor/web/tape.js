// What the lines of a tape tell: connections, rows, findings, audio. What an event tells is in events.js. No DOM in here.

const MOST_ROWS = 400_000; // events that a page holds; the oldest tenth goes where there are more
const MOST_AUDIO = 256 * 2 ** 20; // bytes of audio that a page holds, the newest; of older audio the outline stays
const MOST_SESSIONS = 5_000;

function newStory() {
  return {
    header: {},
    sessions: new Map(),
    rows: [],
    first: 0, // the number of rows[0]
    findings: [],
    missed: 0,
    dropped: 0,
    audioHeld: 0,
    holding: [], // [track, chunk] of the audio that is held, in the order in which it came
    letGo: 0, // how many of those were let go
    prices: {},
    end: NaN,
    version: 0,
  };
}

function newSession(ident) {
  return {
    ident,
    url: "",
    rest: false,
    state: "opening",
    status: 0,
    reason: "",
    body: "",
    headers: [],
    asked: [],
    subprotocol: "",
    model: "",
    kind: "",
    transcriber: "",
    formats: { client: USUAL, server: USUAL },
    tracks: { client: newTrack(), server: newTrack() },
    counts: { client: 0, server: 0 },
    requestAt: NaN,
    answerAt: NaN,
    firstEventAt: NaN,
    firstAt: NaN,
    lastAt: NaN,
    close: null,
    marks: [],
    talking: null,
    found: new Set(), // items whose speech VAD found
    listening: new Map(), // turns that a transcript answers, by item
    turns: [],
    byResponse: new Map(),
    waiting: [], // response.create events that no response.created answered yet
    stopped: null, // the end of speech that no response answered yet
    order: 0, // of what was said and called
    said: [],
    bySaid: new Map(),
    running: new Map(),
    calls: [],
    byCall: new Map(),
    usage: { responses: 0, input: 0, output: 0, cached: 0, audioIn: 0, audioOut: 0, textIn: 0, textOut: 0, transcriptions: 0, transcribed: 0, seconds: 0 },
    errors: 0,
    findings: [],
  };
}

function sessionOf(story, ident) {
  const key = Number.isFinite(Number(ident)) ? Number(ident) : 0;
  let session = story.sessions.get(key);
  if (!session && story.sessions.size >= MOST_SESSIONS) {
    // The oldest one that is over makes room; its events stay.
    const over = [...story.sessions.values()].find((one) => one.state !== "open" && one.state !== "opening");
    story.sessions.delete((over ?? story.sessions.values().next().value).ident);
  }
  if (!session) {
    session = newSession(key);
    story.sessions.set(key, session);
  }
  return session;
}

/** Take a line of the tape into the story. A line of any form is taken; none raises. */
function take(story, line) {
  line = obj(line);
  story.version += 1;
  if ("tape" in line) {
    story.header = line;
    return;
  }
  const at = typeof line.t === "number" ? line.t : NaN;
  if (Number.isFinite(at) && !(at <= story.end)) story.end = at;
  const kind = asText(line.kind);
  if (kind === "missed") {
    story.missed += Number(line.count) || 0;
    addRow(story, { at, session: 0, from: "", kind, type: "missed", note: `${plural(Number(line.count) || 0, "line")} left out: they came faster than this page took them, or before it was opened`, level: "warning", data: "" });
    return;
  }
  if (kind === "problem" && !Number.isFinite(line.connection)) {
    row(story, { ident: 0 }, line, at, "", kind, asText(line.text), "warning"); // of the file, and of no connection
    return;
  }
  const session = sessionOf(story, line.connection);
  if (Number.isNaN(session.firstAt)) session.firstAt = at;
  if (at >= session.lastAt || Number.isNaN(session.lastAt)) session.lastAt = at;
  const from = line.from === "client" || line.from === "server" ? line.from : "";
  (Object.hasOwn(TAKERS, kind) ? TAKERS[kind] : takeOther)(story, session, line, at, from);
}

const TAKERS = {
  request(story, session, line, at) {
    session.url = asText(line.url);
    session.asked = pairs(line.headers);
    const names = session.asked.map(([name]) => name.toLowerCase());
    // A request that asks for no socket, such as one for a client secret.
    session.rest = asText(line.method || "GET") !== "GET" || (names.length > 0 && !names.includes("upgrade") && !names.includes("sec-websocket-key"));
    session.requestAt = at;
    row(story, session, line, at, "client", "handshake", session.url, "");
  },
  answer(story, session, line, at) {
    session.status = Number(line.status) || 0;
    session.reason = asText(line.reason);
    session.headers = pairs(line.headers);
    session.body = asText(line.body);
    session.subprotocol = asText(line.subprotocol);
    session.answerAt = at;
    const fine = session.rest ? session.status < 400 : session.status === 101;
    session.state = !fine ? "refused" : session.rest ? "answered" : "open";
    const one = row(story, session, line, at, "server", `HTTP ${session.status}`, session.reason || session.body, session.state === "refused" ? "error" : "");
    lag(one, session.answerAt - session.requestAt, "the request");
  },
  text(story, session, line, at, from) {
    if (session.state === "opening") session.state = "open"; // recordings of others have no handshake
    if (from) session.counts[from] += 1;
    takeEvent(story, session, line, at, from);
  },
  binary(story, session, line, at, from) {
    if (from) session.counts[from] += 1;
    row(story, session, line, at, from, "binary frame", bytes(Number(line.bytes ?? line.audio_bytes) || Math.floor((asText(line.base64).length * 3) / 4)), "warning");
  },
  fault(story, session, line, at) {
    session.state = "refused";
    session.reason = asText(line.text) || asText(line.fault);
    row(story, session, line, at, "server", "fault", `${asText(line.layer)} ${session.reason}`, "error");
  },
  problem(story, session, line, at) {
    row(story, session, line, at, "", "problem", asText(line.text), "warning");
  },
  close(story, session, line, at, from) {
    const close = { code: Number(line.code) || 0, reason: asText(line.reason), from };
    session.close ??= close; // the second one is the other side's echo
    session.state = "closed";
    row(story, session, line, at, from, "close", `${line.code ?? "no code"} ${asText(line.reason)}`, close.code > 1001 ? "error" : "");
  },
  end(story, session, line, at) {
    const how = asText(line.how);
    if (!["refused", "closed", "answered"].includes(session.state)) session.state = how === "stopped" ? "stopped" : "broken";
    const who = line.by === "client" || line.by === "server" ? line.by : "";
    row(story, session, line, at, who, "end", `${how} by ${who || "nobody known"}`, session.state === "broken" ? "error" : "");
  },
  finding(story, session, line, at) {
    const finding = {
      level: line.level === "error" || line.level === "warning" ? line.level : "info",
      ident: asText(line.id),
      text: asText(line.text),
      remedy: asText(line.remedy),
      at,
      session: session.ident,
    };
    story.findings.push(finding);
    session.findings.push(finding);
    row(story, session, line, at, "", "finding", `${finding.ident} ${finding.text}`, finding.level);
  },
};

function takeOther(story, session, line, at, from) {
  row(story, session, line, at, from, asText(line.kind) || "line", asText(line.text ?? line.base64 ?? ""), "");
}

function pairs(given) {
  return Array.isArray(given) ? given.filter(Array.isArray).map((pair) => [asText(pair[0]), asText(pair[1])]) : [];
}

function row(story, session, line, at, from, type, note, level) {
  const { data, ...rest } = line;
  return addRow(story, { at, session: session.ident, from, kind: asText(line.kind), type, note: oneLine(note), level, data: typeof data === "string" ? data : JSON.stringify(rest) });
}

function addRow(story, one) {
  one.number = story.first + story.rows.length;
  story.rows.push(one);
  if (story.rows.length > MOST_ROWS) {
    const gone = Math.floor(MOST_ROWS / 10);
    story.rows.splice(0, gone);
    story.first += gone;
    story.dropped += gone;
  }
  return one;
}

function takeEvent(story, session, line, at, from) {
  const data = asText(line.data);
  let event = null;
  try {
    event = JSON.parse(data);
  } catch {
    // told below: it is no JSON
  }
  if (event === null || typeof event !== "object" || Array.isArray(event)) {
    const one = addRow(story, { at, session: session.ident, from, kind: "text", type: "no JSON object", note: oneLine(data), level: "warning", data });
    one.cut = Number(line.cut) || 0;
    if (one.cut) one.type = `long text, ${count(one.cut)} characters`;
    return;
  }
  if (from === "server" && Number.isNaN(session.firstEventAt)) session.firstEventAt = at;
  const type = asText(event.type) || "no type";
  const one = addRow(story, { at, session: session.ident, from, kind: "text", type, note: "", level: "", data });
  const carried = audioOf(event, from);
  if (carried) takeAudio(story, session, event, carried, at, one);
  judge(story, session, event, type, at, from, one);
  if (type === "response.event" && event.event) {
    // GPT-Live wraps what a response does (openai.types.live).
    const inner = obj(event.event);
    judge(story, session, inner, asText(inner.type), at, from, one);
    if (!carried && audioOf(inner, from)) takeAudio(story, session, inner, audioOf(inner, from), at, one);
    one.note = oneLine(`${asText(inner.type)} ${one.note}`);
  }
}

function takeAudio(story, session, event, { field, speaker }, at, one) {
  const value = event[field];
  const held = typeof value === "string" ? fromBase64(value) : null;
  const size = held ? held.length : Number(obj(value).audio_bytes) || 0;
  const track = session.tracks[speaker];
  one.chunk = addAudio(track, at, held, size, session.formats[speaker], asText(event.item_id));
  one.field = field;
  if (held) {
    one.data = JSON.stringify({ ...event, [field]: null }); // the audio is held once, as bytes
    hold(story, track, one.chunk);
  }
  const lost = held ? "" : size ? ", not recorded" : ", not recorded, its length neither";
  one.note = `${span(one.chunk.seconds)} of audio, ${bytes(size)}${lost}`;
  const turn = session.byResponse.get(asText(event.response_id));
  if (speaker === "server" && turn) {
    if (Number.isNaN(turn.firstAudio)) {
      turn.firstAudio = at;
      lag(one, createToAudio(turn), "response.create");
      turn.audioAt = one.chunk.at;
    }
    turn.audio += one.chunk.seconds;
  }
}

/** Count audio that is held, and let the oldest go where it is too much. */
function hold(story, track, chunk) {
  story.holding.push([track, chunk]);
  story.audioHeld += chunk.size;
  while (story.audioHeld > MOST_AUDIO) {
    const [from, oldest] = story.holding[story.letGo];
    story.holding[story.letGo++] = null;
    story.audioHeld -= oldest.size;
    oldest.held = null;
    if (oldest.outline) from.lost += oldest.seconds;
  }
}

/** The event of a row as it was on the wire, with its audio where that is held. */
function eventText(one) {
  if (!one.chunk) return one.data;
  const event = JSON.parse(one.data);
  if (one.field in event && event[one.field] === null) event[one.field] = one.chunk.held ? toBase64(one.chunk.held) : { audio_bytes: one.chunk.size };
  return JSON.stringify(event);
}
