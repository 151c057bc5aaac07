// What a person does, and the start.

const player = newPlayer(() => {
  find("#play").setAttribute("aria-pressed", String(Boolean(player.timer)));
  put(find("#play"), player.timer ? "Stop" : "Play");
  drawnAt = 0;
  touch();
});

function playFrom(at) {
  const session = current();
  if (!session) return;
  const speakers = ["client", "server"].filter((speaker) => find(`#hear-${speaker}`).checked);
  moveCursor(at);
  play(player, session, at, speakers, extent(session)[1]);
}

find("#play").addEventListener("click", () => {
  const session = current();
  if (player.timer) stop(player);
  else if (session) {
    const [start, end] = extent(session);
    playFrom(Number.isFinite(view.cursor) && view.cursor < end - 0.05 ? Math.max(start, view.cursor) : start);
  }
});
for (const [id, by] of [["in", 0.5], ["out", 2]]) {
  find(`#${id}`).addEventListener("click", () => {
    const session = current();
    if (session) zoom(view, session, by);
    drawnAt = 0;
    touch();
  });
}
find("#fit").addEventListener("click", () => {
  view.auto = true;
  drawnAt = 0;
  touch();
});
find("#place").addEventListener("input", (event) => {
  const session = current();
  if (!session) return;
  const [start, end] = extent(session);
  moveCursor(start + (Number(event.target.value) / 1000) * (end - start));
  drawnAt = 0;
  touch();
});
find("#wave").addEventListener("click", (event) => {
  view.cursor = view.from + (event.offsetX / event.target.clientWidth) * (view.to - view.from);
  if (player.timer) playFrom(view.cursor);
  drawnAt = 0;
  touch();
});

let typing = 0;
find("#search").addEventListener("input", (event) => {
  clearTimeout(typing);
  typing = setTimeout(() => {
    filter.words = wordsOf(event.target.value);
    refilter();
  }, 150);
});
for (const name of ["from", "level"]) {
  find(`#${name}`).addEventListener("change", (event) => {
    filter[name] = event.target.value;
    refilter();
  });
}
find("#media").addEventListener("change", (event) => {
  filter.media = event.target.checked;
  refilter();
});
find("#follow").addEventListener("change", touch);

list.addEventListener("scroll", () => {
  if (list.scrollTop < pinned - ROW) find("#follow").checked = false; // somebody wants to read
  touch();
});
list.addEventListener("click", (event) => {
  const node = event.target.closest(".row");
  if (!node) return;
  active = rowOf(Number(node.dataset.number));
  find("#follow").checked = false;
  choose(Number(node.dataset.number));
});
list.addEventListener("keydown", (event) => {
  const total = selection.numbers.length;
  const page = Math.max(1, Math.floor(list.clientHeight / ROW) - 1);
  const to = {
    ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + page, PageUp: active - page, Home: 0, End: total - 1,
  }[event.key];
  if (to === undefined || !total || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  find("#follow").checked = false;
  active = Math.min(total - 1, Math.max(0, to));
  list.scrollTop = scrollFor(active, list.scrollTop, list.clientHeight);
  drawList();
  choose(selection.numbers[active]);
});

find("[role=tablist]").addEventListener("click", (event) => {
  const tab = event.target.closest("[role=tab]");
  if (tab) openTab(tab.id.slice(4));
});
find("[role=tablist]").addEventListener("keydown", (event) => {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const at = tabs.indexOf(document.activeElement);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[event.key];
  if (to === undefined || at < 0) return;
  event.preventDefault();
  tabs[to % tabs.length].focus();
  openTab(tabs[to % tabs.length].id.slice(4));
});
new ResizeObserver(() => {
  drawnAt = 0;
  touch();
}).observe(document.body);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  drawnAt = 0;
  touch();
});

openTab("event");
requestAnimationFrame(draw);
connect();
