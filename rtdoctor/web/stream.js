// The stream of lines: taken as it comes, a few milliseconds at a time, and opened anew where it breaks.

function connect() {
  const source = new EventSource(`/events?token=${encodeURIComponent(token)}&from=${live.place}`);
  source.addEventListener("source", (event) => {
    const told = JSON.parse(event.data);
    live.stream = told.live;
    live.wait = 1000;
    story.prices = told.prices;
    if (!live.place) find("#follow").checked = live.stream;
    tell(live.stream ? "live" : "loading");
  });
  source.addEventListener("message", (event) => {
    live.place = Number(event.lastEventId);
    queue.push(JSON.parse(event.data));
    work();
  });
  source.addEventListener("end", (event) => {
    source.close();
    live.stream = false;
    const { closed, failed } = JSON.parse(event.data);
    tell(failed ? "failed" : closed ? "ended" : "complete");
  });
  source.addEventListener("error", () => {
    source.close();
    tell("lost");
    setTimeout(connect, live.wait);
    live.wait = Math.min(30_000, live.wait * 2);
  });
}

function tell(state) {
  live.state = state;
  const words = { live: "live", loading: "loading", complete: "complete", ended: "ended: rtdoctor was stopped", failed: "the recording cannot be read any more", lost: "connection lost; trying again" };
  put(find("#stream"), words[state]);
  find("#stream").className = `pill ${state}`;
  touch();
}

/** Take what came, a few milliseconds at a time. */
function work() {
  if (busy) return;
  busy = true;
  setTimeout(() => {
    const until = performance.now() + (document.hidden ? 250 : 14); // a hidden page gets a turn once a second
    while (queue.length && performance.now() < until) {
      const batch = queue[0];
      let at = 0;
      while (at < batch.length && (at & 15 || performance.now() < until)) takeLine(batch[at++]);
      if (at >= batch.length) queue.shift();
      else queue[0] = batch.slice(at);
    }
    select(selection, story, filter, performance.now() + SLICE);
    busy = false;
    touch();
    if (queue.length || !selection.whole) work();
  }, 0);
}

function takeLine(line) {
  const before = story.findings.length;
  take(story, line);
  if (story.findings.length > before) {
    const finding = story.findings[before];
    finding.key = before;
    finding.number = story.first + story.rows.length - 1;
    if (live.state === "live") put(find("#announce"), `${finding.level}: ${oneLine(finding.text)}`);
  }
}
