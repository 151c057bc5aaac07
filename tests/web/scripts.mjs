// The page's logic without a browser: node --test tests/web/scripts.mjs, as test_scripts.py runs it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const given = JSON.parse(readFileSync(process.env.GIVEN, "utf8"));
const names = [
  "oneLine", "manyLines", "clock", "span", "count", "audioOf", "formatOf", "fromBase64", "toBase64", "TABLES", "samples",
  "outline", "newTrack", "addAudio", "cutAudio", "placeOf", "firstAfter", "newStory", "take", "eventText", "speechToDelta",
  "createToAudio", "spread", "costOf", "newFilter", "newSelection", "select", "passes", "wordsOf", "inSight", "scrollFor",
  "ROW", "MOST_ROWS", "MOST_AUDIO", "columns", "runs", "trouble", "merged", "newView", "settle", "zoom", "extent", "USUAL",
];
const source = given.scripts.map((file) => readFileSync(file, "utf8")).join("\n");
const page = new Function(`"use strict";\n${source}\nreturn { ${names.join(", ")} };`)();

const PCM = { codec: "pcm16", rate: 24_000 };
const near = (got, wanted) => assert.ok(Math.abs(got - wanted) < 1e-6, `${got} is not ${wanted}`);
const pcm = (ms, value = 1000) => Buffer.from(new Int16Array(24 * ms).fill(value).buffer).toString("base64");

function told(lines) {
  const story = page.newStory();
  for (const line of lines) page.take(story, line);
  return story;
}

function text(t, from, event) {
  return { t, connection: 1, from, kind: "text", data: JSON.stringify(event) };
}

test("a conversation becomes connections, turns, transcripts, calls and usage", () => {
  const story = told(given.conversation);
  assert.deepEqual([...story.sessions.keys()], [1, 2]);
  const [refused, session] = story.sessions.values();
  assert.equal(refused.state, "refused");
  assert.match(page.trouble(refused).what, /refused: HTTP 401 Unauthorized/);
  assert.match(page.trouble(refused).why, /auth\.invalid/);
  assert.match(page.trouble(refused).remedy, /new key/);
  assert.equal(session.state, "closed");
  assert.equal(page.trouble(session), null);
  assert.equal(session.model, "gpt-realtime");
  near(session.answerAt - session.requestAt, 0.212);
  assert.equal(session.turns.length, given.turns);
  for (const turn of session.turns) near(page.speechToDelta(turn), 0.3);
  assert.equal(session.turns.filter((turn) => turn.interrupted).length, Math.floor(given.turns / 4));
  assert.equal(session.said[0].text, "What is the weather in town 0?");
  assert.equal(session.said[1].text, "In town 0 it is foggy and twelve degrees, so take a coat.");
  const [call] = session.calls;
  assert.deepEqual([call.name, call.arguments, call.output], ["get_weather", '{"town": 4}', '{"celsius": 12}']);
  assert.equal(session.usage.input, 80 * given.turns);
  assert.equal(session.usage.audioOut, 45 * given.turns);
  assert.equal(page.costOf(session, { "gpt-realtime": 1 }), null);
  assert.equal(session.marks.filter((mark) => mark.kind === "speech").length, given.turns);
  assert.equal(session.marks.filter((mark) => mark.kind === "commit").length, given.turns);
  near(session.tracks.client.seconds, given.turns);
  assert.equal(story.findings.length, 2);
});

test("response.create to first audio is measured by the response that it began", () => {
  const story = told([
    text(1, "client", { type: "response.create", event_id: "e1" }),
    text(1.1, "server", { type: "error", error: { message: "no", event_id: "e1" } }),
    text(2, "client", { type: "response.create", event_id: "e2" }),
    text(2.2, "server", { type: "response.created", response: { id: "r" } }),
    text(2.3, "server", { type: "response.output_audio_transcript.delta", response_id: "r", delta: "a" }),
    text(2.7, "server", { type: "response.output_audio.delta", response_id: "r", delta: pcm(100) }),
    text(3.0, "server", { type: "response.output_audio.delta", response_id: "r", delta: pcm(100) }),
  ]);
  const [turn] = story.sessions.get(1).turns;
  assert.deepEqual(story.rows.map((row) => row.lag ?? "").filter(Boolean), ["700\u00a0ms after response.create"]);
  near(page.createToAudio(turn), 0.7); // the first one was refused, and is answered by nothing
});

test("an error by event_id takes its response.create away", () => {
  const story = told([
    text(1, "client", { type: "response.create", event_id: "e1" }),
    text(1.1, "server", { type: "error", error: { message: "no", event_id: "e1" } }),
  ]);
  assert.deepEqual(story.sessions.get(1).waiting, []);
});

test("a transcription session is measured from the end of speech to the first delta", () => {
  const story = told([
    text(1, "server", { type: "session.created", session: { type: "transcription", audio: { input: { transcription: { model: "m" } } } } }),
    text(2, "client", { type: "input_audio_buffer.append", audio: pcm(60_000) }),
    text(3, "client", { type: "input_audio_buffer.commit" }),
    text(3.1, "server", { type: "input_audio_buffer.committed", item_id: "i" }),
    text(3.5, "server", { type: "conversation.item.input_audio_transcription.delta", item_id: "i", delta: "Hel" }),
    text(3.6, "server", { type: "conversation.item.input_audio_transcription.completed", item_id: "i", transcript: "Hello", usage: { type: "duration", seconds: 60 } }),
  ]);
  const session = story.sessions.get(1);
  const [turn] = session.listening.values();
  near(page.speechToDelta(turn), 0.5);
  assert.equal(session.said[0].text, "Hello");
  near(page.costOf(session, { m: 0.017 }), 0.017);
  assert.equal(page.costOf(session, {}), null);
});

test("beta names, translation and GPT-Live's envelope are heard, too", () => {
  for (const [event, from, speaker] of [
    [{ type: "response.audio.delta", delta: "AAAA" }, "server", "server"],
    [{ type: "session.output_audio.delta", delta: "AAAA" }, "server", "server"],
    [{ type: "session.input_audio_buffer.append", audio: "AAAA" }, "client", "client"],
  ]) assert.equal(page.audioOf(event, from).speaker, speaker);
  assert.equal(page.audioOf({ type: "response.output_audio_transcript.delta", delta: "no" }, "server"), null);
  const story = told([text(1, "server", { type: "response.event", event: { type: "response.output_audio.delta", delta: pcm(500), response_id: "r" } })]);
  near(story.sessions.get(1).tracks.server.seconds, 0.5);
  assert.equal(page.newStory().rows.length, 0);
});

test("a translation, which names no items, is told in pieces between pauses", () => {
  const delta = (t, side, word) => text(t, "server", { type: `session.${side}_transcript.delta`, delta: word });
  const story = told([delta(1, "input", "Gu"), delta(1.1, "output", "Good "), delta(1.2, "input", "ten Tag"), delta(1.4, "output", "day"), delta(9, "input", "Ja")]);
  assert.deepEqual(story.sessions.get(1).said.map((one) => [one.who, one.text]), [["user", "Guten Tag"], ["assistant", "Good day"], ["user", "Ja"]]);
});

test("formats are read in GA's form and in the beta's", () => {
  assert.deepEqual(page.formatOf({ type: "audio/pcm", rate: 16_000 }), { codec: "pcm16", rate: 16_000 });
  assert.deepEqual(page.formatOf({ type: "audio/pcmu" }), { codec: "ulaw", rate: 8000 });
  assert.deepEqual(page.formatOf("g711_alaw"), { codec: "alaw", rate: 8000 });
  assert.deepEqual(page.formatOf("pcm16"), PCM);
  assert.equal(page.formatOf({ type: "audio/pcm", rate: 1 }).codec, "unknown");
  assert.equal(page.formatOf({ type: "audio/opus" }).codec, "unknown");
});

test("G.711 is decoded as libsndfile decodes it", () => {
  assert.deepEqual([...page.TABLES.ulaw], given.ulaw);
  assert.deepEqual([...page.TABLES.alaw], given.alaw);
  assert.deepEqual([...page.samples(Uint8Array.of(0, 255), "ulaw")], [given.ulaw[0], given.ulaw[255]]);
});

test("PCM is read low byte first, half a sample is left out, at any place of a buffer", () => {
  assert.deepEqual([...page.samples(Uint8Array.of(1, 0, 255, 255, 7), "pcm16")], [1, -1]);
  assert.deepEqual([...page.samples(Uint8Array.of(9, 1, 0, 255, 255).subarray(1), "pcm16")], [1, -1]);
  assert.deepEqual([...page.samples(Uint8Array.of(1, 2), "unknown")], []);
});

test("base64 goes there and back, and what is none is none", () => {
  const held = Uint8Array.from({ length: 70_001 }, (_, at) => at % 251);
  assert.deepEqual(page.fromBase64(page.toBase64(held)), held);
  assert.equal(page.fromBase64("no base64!"), null);
});

test("the outline holds the extremes of each bin", () => {
  const values = new Int16Array(480);
  values[10] = 32767;
  values[300] = -32768;
  assert.deepEqual([...page.outline(values, 24_000)], [0, 127, -128, 0]);
});

test("audio stands where it is heard: queued, after a gap, and cut by an interruption", () => {
  const track = page.newTrack();
  const held = new Uint8Array(48_000);
  const add = (at) => page.addAudio(track, at, held, 0, PCM, "");
  assert.deepEqual([add(10), add(10.05), add(10.1)].map((chunk) => chunk.at), [10, 11, 12]);
  near(page.cutAudio(track, 11.5), 1.5);
  assert.deepEqual(track.chunks.map((chunk) => chunk.cut), [Infinity, 0.5, 0]);
  assert.equal(add(11.6).at, 11.5); // a little late belongs to what was before
  assert.equal(add(20).at, 20);
  near(page.placeOf(track, 0.25), 10.25);
  near(page.placeOf(track, 4.5), 20.5);
  assert.ok(Number.isNaN(page.placeOf(page.newTrack(), 1)));
  near(page.cutAudio(track, 30), 0);
});

test("a truncated item was heard as far as the client says, and not as far as time went on", () => {
  const story = told([
    text(1, "server", { type: "response.created", response: { id: "r" } }),
    text(1, "server", { type: "response.output_audio.delta", response_id: "r", item_id: "i", delta: pcm(2000) }),
    text(2.5, "client", { type: "conversation.item.truncate", item_id: "i", content_index: 0, audio_end_ms: 1200 }),
    text(2.6, "server", { type: "response.done", response: { id: "r", status: "cancelled" } }),
  ]);
  const session = story.sessions.get(1);
  near(session.tracks.server.end, 2.2);
  near(session.marks[0].at, 2.2);
  near(session.marks[0].cut, 0.8);
  assert.equal(session.turns[0].interrupted, true);
});

test("speech into an answer interrupts it, and speech into silence does not", () => {
  const lines = [
    text(1, "server", { type: "response.created", response: { id: "r" } }),
    text(1, "server", { type: "response.output_audio.delta", response_id: "r", item_id: "i", delta: pcm(2000) }),
    text(1.1, "server", { type: "response.done", response: { id: "r", status: "completed" } }),
  ];
  const barge = (t) => told([...lines, text(t, "server", { type: "input_audio_buffer.speech_started", audio_start_ms: 0, item_id: "u" })]);
  assert.equal(barge(2).sessions.get(1).marks.filter((mark) => mark.kind === "interruption").length, 1);
  assert.equal(barge(9).sessions.get(1).marks.filter((mark) => mark.kind === "interruption").length, 0);
});

test("what nobody heard is not played, and what was not recorded is silence", () => {
  const track = page.newTrack();
  page.addAudio(track, 0, new Uint8Array(48_000), 0, PCM, "");
  page.addAudio(track, 0.1, null, 48_000, PCM, "");
  page.addAudio(track, 0.2, new Uint8Array(48_000), 0, PCM, "");
  page.cutAudio(track, 2.5);
  const played = [...page.runs(track, 0.5)].map((run) => [run.at, run.size / run.rate]);
  assert.deepEqual(played, [[0.5, 0.5], [2, 0.5]]);
  assert.equal(track.lost, 1);
  const { state } = page.columns(track, { from: 0, to: 4 }, 4);
  assert.deepEqual([...state], [1, 3, 1, 0]);
});

test("runs that follow each other are joined, up to a few seconds", () => {
  const track = page.newTrack();
  for (let at = 0; at < 20; at += 1) page.addAudio(track, 0, new Uint8Array(48_000), 0, PCM, "");
  assert.deepEqual([...page.runs(track, 0)].map((run) => run.at), [0, 6, 12, 18]);
});

test("audio that is not kept is told by its size, and copied as it stands", () => {
  const story = told([text(1, "client", { type: "input_audio_buffer.append", audio: { audio_bytes: 4800, sha256: "ab" } })]);
  const [row] = story.rows;
  assert.match(row.note, /100\sms of audio, 4.8 kB, not recorded/);
  assert.equal(story.sessions.get(1).tracks.client.lost, 0.1);
  assert.deepEqual(JSON.parse(page.eventText(row)).audio, { audio_bytes: 4800, sha256: "ab" });
});

test("a page holds so much audio, the newest, and grows no more", () => {
  const story = page.newStory();
  const size = 3 * 2 ** 20;
  const line = text(1, "client", { type: "input_audio_buffer.append", audio: "A".repeat(4 * 2 ** 20) });
  const many = 4;
  story.audioHeld = page.MOST_AUDIO - 2 * size;
  for (let at = 0; at < many; at += 1) page.take(story, line);
  assert.ok(story.audioHeld <= page.MOST_AUDIO);
  assert.equal(story.letGo, 2);
  assert.deepEqual(story.rows.map((row) => row.chunk.held !== null), [false, false, ...Array(many - 2).fill(true)]);
  assert.deepEqual(JSON.parse(page.eventText(story.rows[0])).audio, { audio_bytes: size });
  assert.ok(story.rows[0].chunk.outline.length > 0);
  near(story.sessions.get(1).tracks.client.lost, (2 * size) / 48_000);
  assert.ok(story.rows.every((row) => row.data.length < 200));
});

test("an event is copied with its audio", () => {
  const event = { type: "input_audio_buffer.append", audio: pcm(20) };
  const story = told([text(1, "client", event)]);
  assert.ok(story.rows[0].data.length < 100);
  assert.deepEqual(JSON.parse(page.eventText(story.rows[0])), event);
});

test("no line raises, whatever it holds", () => {
  const odd = [null, 7, "x", [], {}, { t: "late", connection: {}, kind: [] }, { kind: "toString" }, { kind: "constructor" }, { kind: "__proto__" },
    { kind: "text", data: "null" }, { kind: "text", data: "[1]" }, { kind: "text", data: "{" }, { kind: "answer", headers: { a: 1 }, status: "x" },
    { kind: "close", code: {}, reason: 5 }, { kind: "finding", level: "<b>", text: null }, { kind: "missed", count: "many" }];
  const names = [...new Set(given.conversation.filter((line) => line.kind === "text").map((line) => JSON.parse(line.data).type))];
  const values = [null, 1, "x", [], {}, { id: {} }, [[]]];
  for (const type of [...names, "toString", "__proto__", "error", "session.updated", "response.event", "rate_limits.updated"]) {
    for (const value of values) {
      const event = { type, event: value, session: value, response: value, item: value, delta: value, audio: value, error: value, usage: value,
        transcript: value, arguments: value, call_id: value, item_id: value, response_id: value, audio_start_ms: value, rate_limits: value };
      for (const from of ["client", "server", "elsewhere", 5]) odd.push(text(1, from, event));
    }
  }
  const story = told(odd);
  for (const row of story.rows) assert.equal(typeof row.note + typeof row.type + typeof row.data, "stringstringstring");
  for (const session of story.sessions.values()) page.trouble(session);
});

test("what turns or hides text is shown as an escape", () => {
  assert.equal(page.oneLine("a\u202eb\u0000c\ud800d\ne"), "a\\u{202e}b\\u{0}c\\u{d800}d e");
  assert.equal(page.manyLines("a\n\tb\u2066"), "a\n\tb\\u{2066}");
  assert.equal(page.oneLine("x".repeat(500)).length, 200);
});

test("the virtual list draws what is in sight and no more, at any size", () => {
  for (const total of [0, 5, 10_000, 100_000, 400_000]) {
    for (const scrolled of [0, 777, (total * page.ROW) / 2, total * page.ROW]) {
      const [from, to] = page.inSight(total, scrolled, 500);
      assert.ok(from >= 0 && to <= total && to - from <= 500 / page.ROW + 20, `${total} ${scrolled}: ${from} ${to}`);
      const first = Math.floor(scrolled / page.ROW);
      if (first < total) assert.ok(from <= first && first < to);
    }
  }
  assert.equal(page.scrollFor(0, 100, 500), 0);
  assert.equal(page.scrollFor(10, 100, 500), 100);
  assert.equal(page.scrollFor(100, 0, 500), 101 * page.ROW - 500);
});

test("a filter keeps what was asked for, a slice at a time, and no word is an expression", () => {
  const story = told(given.conversation);
  const chosen = (change) => {
    const filter = Object.assign(page.newFilter(), change);
    const selection = page.newSelection();
    while (!selection.whole || selection.next < story.rows.length) page.select(selection, story, filter, 0);
    return selection.numbers.map((number) => story.rows[number]);
  };
  assert.equal(chosen({}).length, story.rows.length);
  assert.ok(chosen({ from: "client" }).every((row) => row.from === "client"));
  assert.ok(chosen({ media: false }).every((row) => !row.chunk));
  assert.deepEqual(chosen({ level: "error" }).map((row) => row.type), ["HTTP 401", "finding"]);
  assert.equal(chosen({ session: 1 }).length, 4);
  assert.ok(chosen({ words: page.wordsOf("TOWN transcription") }).length >= given.turns);
  assert.equal(chosen({ words: page.wordsOf(".*") }).length, 0);
});

test("a page holds so many events, tells what it dropped, and goes on", () => {
  const story = page.newStory();
  const line = { t: 1, connection: 1, from: "server", kind: "ping", base64: "" };
  for (let at = 0; at < page.MOST_ROWS + 10; at += 1) page.take(story, line);
  assert.equal(story.dropped, page.MOST_ROWS / 10);
  assert.equal(story.rows.length + story.first, page.MOST_ROWS + 10);
  assert.equal(story.rows[0].number, story.first);
  const selection = page.newSelection();
  page.select(selection, story, page.newFilter(), Infinity);
  assert.equal(selection.numbers.length, story.rows.length);
});

test("a refusal after the 101 is told with its cause, and the echo of a close is none", () => {
  const at = (t, rest) => ({ t, connection: 1, ...rest });
  const story = told([
    at(0, { kind: "answer", status: 101 }),
    text(0.1, "server", { type: "error", error: { code: "invalid_api_key", message: "no" } }),
    at(0.1, { kind: "finding", level: "error", id: "auth.invalid", text: "The key is not known", remedy: "Take another" }),
    at(0.1, { kind: "finding", level: "error", id: "shape.missing", text: "no reason for anything" }),
    at(0.1, { kind: "close", from: "server", code: 3000, reason: "x.invalid_api_key" }),
    at(0.2, { kind: "close", from: "client", code: 1000, reason: "" }),
    at(0.3, { kind: "end", by: "client", how: "close" }),
  ]);
  assert.deepEqual(page.trouble(story.sessions.get(1)), {
    what: "The server closed with 3000 x.invalid_api_key", why: "auth.invalid: The key is not known", remedy: "Take another",
  });
});

test("without times what was said and called stays in its order", () => {
  const line = (event, from = "server") => ({ ...text(null, from, event), t: null });
  const story = told([
    line({ type: "conversation.item.create", item: { type: "message", role: "user", content: [{ type: "input_text", text: "Hi" }] } }, "client"),
    line({ type: "response.function_call_arguments.done", call_id: "c", name: "f", arguments: "{}" }),
    line({ type: "response.output_text.delta", item_id: "i", delta: "Hello" }),
  ]);
  const session = story.sessions.get(1);
  assert.deepEqual(page.merged(session.said, session.calls).map((entry) => entry.text ?? entry.name), ["Hi", "f", "Hello"]);
  assert.ok(Number.isNaN(story.end));
});

test("a problem of the file is no connection's", () => {
  const story = told([{ kind: "problem", text: "line 3: no JSON" }]);
  assert.equal(story.sessions.size, 0);
  assert.equal(story.rows[0].note, "line 3: no JSON");
});

test("audio in a codec that nobody knows is told, and silent", () => {
  const track = page.newTrack();
  page.addAudio(track, 0, new Uint8Array(4800), 0, page.formatOf("opus"), "");
  assert.ok(track.lost > 0);
  assert.deepEqual([...page.runs(track, 0)], []);
});

test("numbers are told as people tell them", () => {
  assert.deepEqual([page.clock(62.3456), page.clock(3723), page.clock(NaN), page.clock(59.9996)], ["1:02.346", "1:02:03.000", "–", "1:00.000"]);
  assert.deepEqual([page.span(0.34), page.span(1.5), page.span(NaN)], ["340\u00a0ms", "1.50\u00a0s", "–"]);
  assert.deepEqual(page.spread([3, 1, NaN, 2]), { count: 3, least: 1, median: 2, most: 3 });
  assert.equal(page.spread([NaN]), null);
});

test("the view stays within the session and zooms around the cursor", () => {
  const session = [...told(given.conversation).sessions.values()][1];
  const [start, end] = page.extent(session);
  const view = page.newView();
  page.settle(view, session, false);
  assert.deepEqual([view.from, view.to], [start, end]);
  view.cursor = start;
  page.zoom(view, session, 0.5);
  near(view.from, start);
  near(view.to, (start + end) / 2);
  page.zoom(view, session, 100);
  near(view.to, end);
});
