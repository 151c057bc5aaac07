// The panels beside the events: one event, the conversation, the turns, the findings, the connection.

const MANY = 200; // entries of a panel, the newest; older ones when asked for

const STATES = {
  opening: "connecting",
  open: "open",
  refused: "refused",
  answered: "answered",
  closed: "closed",
  stopped: "recording ended",
  broken: "broken off",
};

/** A button that asks for older entries, where there are any. */
function older(parent, hidden, more) {
  const button = parent.querySelector(":scope > .older");
  if (!hidden) button?.remove();
  else if (button) put(button, `Show older (${count(hidden)})`);
  else parent.prepend(make("button", { class: "older", type: "button", onclick: more }, `Show older (${count(hidden)})`));
}

function showEvent(parent, one, copy) {
  const body = one ? manyLines(pretty(one)) : "";
  parent.replaceChildren(
    ...(one
      ? [
          make("div", { class: "bar" },
            make("h3", {}, oneLine(one.type)),
            make("button", { type: "button", id: "copy", onclick: copy }, "Copy event"),
            make("span", { id: "copied", role: "status" })),
          make("p", { class: "dim" },
            `${clock(one.at)}, connection ${one.session || "–"}, ${one.from ? `from the ${one.from}` : "told by rtdoctor"}` +
            (one.chunk ? `, ${one.note}` : "") + (one.cut ? `, cut: it had ${count(one.cut)} characters` : "")),
          make("pre", { tabindex: "0", "aria-label": "The event as JSON" }, body),
        ]
      : [make("p", { class: "dim" }, "Choose an event in the list: its whole text stands here.")]),
  );
}

/** The event over several lines; of audio only its size. */
function pretty(one) {
  try {
    const value = JSON.parse(one.data);
    if (one.chunk && value[one.field] === null) value[one.field] = `(${count(one.chunk.size)} bytes of audio)`;
    return JSON.stringify(value, null, 2);
  } catch {
    return one.data;
  }
}

function showConversation(parent, session, shown, more) {
  const all = session ? merged(session.said, session.calls) : [];
  const hidden = Math.max(0, all.length - shown);
  older(parent, hidden, more);
  const list = parent.querySelector(":scope > ol") ?? parent.appendChild(make("ol", { class: "talk" }));
  empty(parent, all.length === 0, "Nobody has said anything yet, and no transcript has come.");
  list.hidden = all.length === 0;
  keyed(list, all.slice(hidden), (entry) => ("arguments" in entry ? `c${entry.ident}` : `s${entry.key}`), makeEntry, fillEntry);
}

function empty(parent, wanted, sentence) {
  const told = parent.querySelector(":scope > .nothing");
  if (!wanted) told?.remove();
  else if (!told) parent.append(make("p", { class: "nothing dim" }, sentence));
}

function merged(said, calls) {
  if (!calls.length) return said;
  return [...said, ...calls].sort((a, b) => a.order - b.order);
}

function makeEntry(entry) {
  if ("arguments" in entry) {
    return make("li", { class: "call" }, make("div", { class: "who" }), make("pre", { class: "given" }), make("pre", { class: "got" }));
  }
  return make("li", { class: entry.who === "user" ? "user" : "assistant" }, make("div", { class: "who" }), make("p", { dir: "auto" }));
}

function fillEntry(node, entry) {
  if ("arguments" in entry) {
    const took = entry.outputAt - entry.doneAt;
    put(node.children[0], `${clock(entry.at)} function ${oneLine(entry.name, 80)}${Number.isFinite(took) ? `, answered after ${span(took)}` : ""}`);
    put(node.children[1], manyLines(entry.arguments || "(no arguments yet)", 4000));
    put(node.children[2], entry.output === null ? "(no output sent)" : `→ ${manyLines(entry.output, 4000)}`);
    return;
  }
  const cut = Number.isFinite(entry.cutAt) ? `, cut after ${span(entry.cutAt)} of audio` : "";
  put(node.children[0], `${clock(entry.at)} ${oneLine(entry.who, 20)}${entry.whole ? "" : " …"}${cut}`);
  put(node.children[1], manyLines(entry.text, 8000) || "(empty)");
}

function showTurns(parent, session, shown, more, actions) {
  const answered = session ? session.turns : [];
  const all = answered.length || !session ? answered : [...session.listening.values()];
  const summary = parent.querySelector(":scope > dl") ?? parent.appendChild(make("dl", { class: "facts" }));
  const facts = session
    ? [
        ["Handshake", span(session.answerAt - session.requestAt)],
        ["Answer to first event", span(session.firstEventAt - session.answerAt)],
        ["Speech end to first delta", inWords(spread(all.map(speechToDelta)))],
        ["response.create to first audio", inWords(spread(all.map(createToAudio)))],
      ]
    : [];
  keyed(summary, facts, (fact) => fact[0], (fact) => make("div", {}, make("dt", {}, fact[0]), make("dd")), (node, fact) => put(node.lastChild, fact[1]));
  const hidden = Math.max(0, all.length - shown);
  older(parent, hidden, more);
  const table = parent.querySelector(":scope > table") ?? parent.appendChild(turnTable());
  table.hidden = all.length === 0;
  empty(parent, all.length === 0, "No response and no speech yet.");
  keyed(table.tBodies[0], all.slice(hidden), (turn) => turn.ident || turn.number, (turn) => makeTurn(turn, actions), fillTurn);
}

function inWords(found) {
  if (!found) return "not measured";
  return found.count === 1 ? `${span(found.median)} (once)` : `${span(found.median)} median, ${span(found.least)} to ${span(found.most)}, ${count(found.count)} times`;
}

function turnTable() {
  const heads = ["At", "Speech end → delta", "create → audio", "Whole", "Status", "Audio"];
  return make("table", {},
    make("caption", { class: "unseen" }, "Turns with their latencies"),
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
    make("tbody"));
}

function makeTurn(turn, actions) {
  const at = clock(turn.createdAt ?? turn.spokenUntil);
  return make("tr", {},
    make("td", {}, make("button", { type: "button", onclick: () => actions.show(turn.number) }, at)),
    ...Array.from({ length: 4 }, () => make("td")),
    make("td", {}, make("button", { type: "button", onclick: () => actions.play(turn.audioAt) })));
}

function fillTurn(node, turn) {
  const texts = [
    span(speechToDelta(turn)),
    span(createToAudio(turn)),
    span(turn.doneAt - (turn.createdAt ?? turn.spokenUntil)),
    turn.status + (turn.interrupted && turn.status !== "cancelled" ? ", interrupted" : ""),
  ];
  texts.forEach((text, index) => put(node.children[index + 1], oneLine(text, 60)));
  node.className = turn.status === "failed" ? "error" : turn.interrupted ? "warning" : "";
  const button = node.lastChild.firstChild;
  put(button, turn.audio ? `Play ${turn.audio.toFixed(1)} s` : "");
  button.hidden = !Number.isFinite(turn.audioAt);
}

function showFindings(parent, findings, shown, more, actions) {
  const hidden = Math.max(0, findings.length - shown);
  older(parent, hidden, more);
  const list = parent.querySelector(":scope > ol") ?? parent.appendChild(make("ol", { class: "findings" }));
  list.hidden = findings.length === 0;
  empty(parent, findings.length === 0, "Nothing was found so far.");
  keyed(list, findings.slice(hidden), (finding) => finding.key, (finding) =>
    make("li", { class: finding.level },
      make("div", { class: "who" }, make("b", {}, finding.level), ` ${oneLine(finding.ident, 80)}`),
      make("p", { dir: "auto" }, manyLines(finding.text, 4000)),
      finding.remedy ? make("p", { class: "remedy" }, make("b", {}, "What to change: "), manyLines(finding.remedy, 4000)) : null,
      make("button", { type: "button", onclick: () => actions.show(finding.number) },
        `Show: ${clock(finding.at)}, connection ${finding.session}`)));
}

function showSession(parent, session, story) {
  if (!session) {
    parent.replaceChildren(make("p", { class: "dim" }, "No connection yet."));
    return;
  }
  const { usage } = session;
  const cost = costOf(session, story.prices);
  const format = ({ codec, rate }) => `${codec}, ${count(rate)} Hz`;
  const facts = [
    ["State", `${STATES[session.state]}${session.close ? `, close ${session.close.code || "without a code"} ${session.close.reason}` : ""}`],
    ["URL", session.url || "not recorded"],
    ["Answer", session.status ? `${session.status} ${session.reason}` : session.reason || "not recorded"],
    ["Subprotocol", session.subprotocol || "none"],
    ["Session", [session.kind, session.model || session.transcriber].filter(Boolean).join(", ") || "not told"],
    ["Events", `${count(session.counts.client)} from the client, ${count(session.counts.server)} from the server, ${plural(session.errors, "error event")}`],
    ["Client's audio", `${session.tracks.client.seconds.toFixed(1)} s, ${format(session.formats.client)}`],
    ["Server's audio", `${session.tracks.server.seconds.toFixed(1)} s, ${format(session.formats.server)}`],
    ["Usage of responses", usage.responses
      ? `${plural(usage.input + usage.output, "token")}: ${count(usage.input)} in (${count(usage.textIn)} text, ${count(usage.audioIn)} audio, ${count(usage.cached)} cached), ${count(usage.output)} out (${count(usage.textOut)} text, ${count(usage.audioOut)} audio), in ${plural(usage.responses, "response")}`
      : "none told"],
    ["Usage of transcription", usage.transcriptions
      ? [plural(usage.transcriptions, "transcript"), usage.transcribed ? plural(usage.transcribed, "token") : "", usage.seconds ? `${usage.seconds.toFixed(1)} s` : ""].filter(Boolean).join(", ")
      : "none told"],
    ["Cost so far", cost === null ? "not known" : `about $${cost.toFixed(4)} for ${session.tracks.client.seconds.toFixed(1)} s of audio`],
  ];
  parent.replaceChildren(
    make("dl", { class: "facts" }, ...facts.map(([name, text]) => make("div", {}, make("dt", {}, name), make("dd", {}, oneLine(text, 600))))),
    ...[["The client asked", session.asked], ["The server answered", session.headers]].filter(([, held]) => held.length).map(([title, held]) =>
      make("section", {}, make("h3", {}, title),
        make("dl", { class: "headers" }, ...held.slice(0, 100).map(([name, value]) => make("div", {}, make("dt", {}, oneLine(name, 80)), make("dd", {}, oneLine(value, 600))))))),
    ...(session.body ? [make("section", {}, make("h3", {}, "Body of the answer"), make("pre", { tabindex: "0", "aria-label": "Body of the answer" }, manyLines(session.body, 20_000)))] : []),
  );
}

/** Why a connection was refused, or ended otherwise than well, for the banner: null where there is nothing to tell. */
function trouble(session) {
  if (!session) return null;
  const over = !["opening", "open"].includes(session.state);
  // What the stream looks like is no reason for its end.
  const causes = over ? session.findings.filter((one) => one.level === "error" && !/^(shape|order)\./.test(one.ident)) : [];
  const cause = causes[causes.length - 1];
  const what = ended(session, cause);
  if (!what) return null;
  return { what: oneLine(what, 400), why: cause ? oneLine(`${cause.ident}: ${cause.text}`, 600) : "", remedy: cause ? oneLine(cause.remedy, 600) : "" };
}

function ended(session, cause) {
  const { state, close, status } = session;
  if (state === "refused" && status) return `The ${session.rest ? "request" : "handshake"} was refused: HTTP ${status} ${session.reason}`;
  if (state === "refused") return `The handshake was not answered: ${session.reason}`;
  if (close && close.code > 1001) return `The ${close.from || "peer"} closed with ${close.code} ${close.reason}`;
  if (state === "broken") return "The connection broke off without a close";
  return cause ? "The server told of an error" : "";
}
