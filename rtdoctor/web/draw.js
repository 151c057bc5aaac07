// Draws what changed: the list at each frame, the rest a few times a second.

function touch() {
  if (dirty) return;
  dirty = true;
  requestAnimationFrame(draw);
}

function draw() {
  dirty = false;
  drawList();
  const now = performance.now();
  const due = 200 - (now - drawnAt);
  if (due <= 0) {
    drawnAt = now;
    drawRest();
  } else {
    setTimeout(touch, due);
  }
}

function drawList() {
  const total = selection.numbers.length;
  const height = list.clientHeight;
  rowsNode.style.height = `${total * ROW}px`;
  if (find("#follow").checked) {
    list.scrollTop = total * ROW;
    pinned = list.scrollTop;
  }
  const [from, to] = inSight(total, list.scrollTop, height);
  const range = Array.from({ length: to - from }, (_, index) => from + index);
  keyed(rowsNode, range, (row) => selection.numbers[row], makeRow, (node, row) => {
    node.style.top = `${row * ROW}px`;
    setAttribute(node, "aria-posinset", String(row + 1));
    setAttribute(node, "aria-setsize", String(total));
    setAttribute(node, "aria-selected", String(selection.numbers[row] === chosen.number));
  });
  const at = active >= 0 && active < total ? `row-${selection.numbers[active]}` : "";
  if (at && document.getElementById(at)) setAttribute(list, "aria-activedescendant", at);
  else list.removeAttribute("aria-activedescendant");
  const all = story.rows.length;
  put(find("#matches"), selection.whole && !queue.length ? (total === all ? plural(total, "event") : `${count(total)} of ${plural(all, "event")}`) : `${count(total)}, reading on`);
}

function makeRow(row) {
  const one = story.rows[selection.numbers[row] - story.first];
  const way = one.from === "client" ? "↑" : one.from === "server" ? "↓" : "•";
  const said = one.from === "client" ? "client:" : one.from === "server" ? "server:" : "";
  return make("div", { class: `row ${one.from} ${one.level}`, role: "option", id: `row-${one.number}`, "data-number": one.number },
    make("span", { class: "time" }, clock(one.at)),
    make("span", { class: "conn" }, one.session ? `#${one.session}` : ""),
    make("span", { class: "way", "aria-hidden": "true" }, way),
    make("span", { class: "unseen" }, `${one.level === "error" || one.level === "warning" ? `${one.level}, ` : ""}${said}`),
    make("span", { class: "type" }, oneLine(one.type, 100)),
    one.lag ? make("span", { class: "lag" }, one.lag) : null,
    make("span", { class: "note" }, one.note));
}

function drawRest() {
  const session = current();
  put(find("#target"), story.header.to ? oneLine(`${asText(story.header.by)} to ${asText(story.header.to)}`, 200) : "");
  put(find("#counts"), `${plural(story.rows.length + story.first, "event")}, ${clock(story.end)}`);
  drawNotice();
  drawSessions(session);
  drawTrouble(told());
  drawAudio(session);
  drawPanel(session);
}

function drawNotice() {
  const told = [
    story.missed ? `${plural(story.missed, "line")} left out: they came faster than this page took them, or before it was opened. The recording has them.` : "",
    story.dropped ? `This page holds the newest ${count(story.rows.length)} events; ${count(story.dropped)} older ones were dropped from it.` : "",
    story.letGo ? `This page holds the newest ${bytes(MOST_AUDIO)} of audio; of what is older it shows the outline, and plays nothing.` : "",
  ].filter(Boolean);
  find("#notice").hidden = !told.length;
  put(find("#notice"), told.join(" "));
}

function drawSessions(session) {
  const all = [...story.sessions.values()];
  const shown = [null, ...all.slice(-200).reverse()];
  keyed(find("#sessions"), shown, (one) => (one ? one.ident : "all"),
    (one) => make("button", { type: "button", onclick: () => {
      filter.session = one ? one.ident : null;
      Object.assign(view, newView());
      stop(player);
      refilter();
    } }, make("span", { class: "name" }, make("span"), make("span", { class: "state" })), make("small")),
    (node, one) => {
      const [name, small] = node.children;
      setAttribute(node, "aria-pressed", String(filter.session === (one ? one.ident : null)));
      put(name.children[0], one ? `#${one.ident}` : "All");
      put(name.children[1], one ? (one.state === "refused" && one.status ? `refused ${one.status}` : one.state === "open" && live.state === "complete" ? "open at the end" : STATES[one.state]) : plural(all.length, "connection"));
      name.children[1].className = `state ${one?.state === "open" ? "good" : one?.state === "refused" || one?.state === "broken" || one?.close?.code > 1001 ? "wrong" : ""}`;
      put(small, one ? `${oneLine([one.kind, one.model || one.transcriber].filter(Boolean).join(" "), 60)} ↑\u00a0${count(one.counts.client)} ↓\u00a0${count(one.counts.server)} ${one.findings.length ? `· ${plural(one.findings.length, "finding").replace(" ", "\u00a0")}` : ""}` : session && filter.session === null ? `details of #${session.ident}` : "");
    });
}

function drawTrouble(session) {
  const found = trouble(session);
  find("#trouble").hidden = !found;
  if (!found) return;
  put(find("#what"), `${story.sessions.size > 1 ? `Connection #${session.ident}: ` : ""}${found.what}`);
  put(find("#why"), found.why);
  put(find("#remedy"), found.remedy ? `What to change: ${found.remedy}` : "");
}

function drawAudio(session) {
  const has = Boolean(session) && (session.tracks.client.chunks.length > 0 || session.tracks.server.chunks.length > 0);
  find("#audio").hidden = !has;
  if (!has) return;
  settle(view, session, live.state === "live");
  drawWave(find("#wave"), session, view, playedAt(player));
  const words = waveInWords(session);
  setAttribute(find("#wave"), "aria-label", `Waveform of both speakers: ${words}`);
  put(find("#wave-words"), words);
  put(find("#audio-title"), story.sessions.size > 1 ? `Audio of #${session.ident}` : "Audio");
  const [start, end] = extent(session);
  const moment = Number.isFinite(view.cursor) ? view.cursor : view.from;
  if (document.activeElement !== find("#place")) find("#place").value = String(Math.round(((moment - start) / (end - start)) * 1000));
  setAttribute(find("#place"), "aria-valuetext", clock(moment));
  const playing = playedAt(player);
  put(find("#playhead"), clock(Number.isFinite(playing) ? playing : moment));
  if (Number.isFinite(playing)) setTimeout(() => { drawnAt = 0; touch(); }, 40);
}

function drawPanel(session) {
  const one = chosen.number === null ? null : story.rows[chosen.number - story.first];
  const panel = find(`#panel-${chosen.tab}`);
  const more = () => {
    chosen.shown += MANY;
    drawnAt = 0;
    touch();
  };
  const findings = filter.session === null ? story.findings : (session?.findings ?? []);
  put(find("#tab-findings"), findings.length ? `Findings (${count(findings.length)})` : "Findings");
  if (chosen.tab === "event") {
    if (chosen.shownEvent !== (one ?? undefined)) showEvent(panel, one, copy);
    chosen.shownEvent = one ?? undefined;
  } else if (chosen.tab === "conversation") showConversation(panel, session, chosen.shown, more);
  else if (chosen.tab === "turns") showTurns(panel, session, chosen.shown, more, { show, play: playFrom });
  else if (chosen.tab === "findings") showFindings(panel, findings, chosen.shown, more, { show });
  else if (chosen.version !== story.version || chosen.of !== session) showSession(panel, session, story);
  chosen.version = story.version;
  chosen.of = session;
}
