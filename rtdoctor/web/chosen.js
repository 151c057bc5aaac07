// What is chosen: a connection, an event, a moment, a panel.

/** The connection that audio, conversation and turns are of: the chosen one, else the newest in which something was said. */
function current() {
  if (filter.session !== null) return story.sessions.get(filter.session);
  let found;
  let spoken = false;
  for (const session of story.sessions.values()) {
    const speaks = session.said.length + session.turns.length + session.tracks.client.chunks.length > 0;
    if (speaks || !spoken) found = session;
    spoken ||= speaks;
  }
  return found;
}

/** The connection whose trouble is told above all: the chosen one, else the newest. */
function told() {
  return filter.session !== null ? current() : [...story.sessions.values()].pop();
}

function refilter() {
  selection = newSelection();
  active = -1;
  list.scrollTop = 0;
  find("#follow").checked = false;
  work();
}

function choose(number, { tab = true } = {}) {
  const one = story.rows[number - story.first];
  if (!one) return;
  chosen.number = number;
  chosen.shownEvent = null;
  if (Number.isFinite(one.at)) moveCursor(one.at);
  if (tab) openTab("event");
  touch();
}

/** Show an event in the list, whatever was filtered. */
function show(number) {
  let row = rowOf(number);
  if (row < 0) {
    Object.assign(filter, { session: null, from: "", media: true, level: "", words: [] });
    find("#search").value = "";
    find("#from").value = "";
    find("#level").value = "";
    find("#media").checked = true;
    selection = newSelection();
    select(selection, story, filter, performance.now() + 2000);
    row = rowOf(number);
  }
  find("#follow").checked = false;
  active = row;
  list.scrollTop = Math.max(0, row * ROW - list.clientHeight / 2);
  choose(number);
}

function rowOf(number) {
  const { numbers } = selection;
  let low = 0;
  let high = numbers.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] === number) return middle;
    if (numbers[middle] < number) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

function moveCursor(at) {
  view.cursor = at;
  const session = current();
  if (!session || (at >= view.from && at <= view.to)) return;
  const size = view.to - view.from;
  view.auto = false;
  view.from = at - size / 2;
  view.to = view.from + size;
  settle(view, session, false);
}

function openTab(name) {
  if (chosen.tab !== name) chosen.shown = MANY;
  chosen.tab = name;
  for (const tab of document.querySelectorAll("[role=tab]")) {
    const selected = tab.id === `tab-${name}`;
    tab.setAttribute("aria-selected", selected);
    tab.tabIndex = selected ? 0 : -1;
    find(`#${tab.getAttribute("aria-controls")}`).hidden = !selected;
  }
  drawnAt = 0;
  touch();
}

async function copy() {
  const one = story.rows[chosen.number - story.first];
  const told = find("#copied");
  try {
    await navigator.clipboard.writeText(eventText(one));
    put(told, "copied");
  } catch {
    getSelection().selectAllChildren(find("#panel-event pre"));
    put(told, "the browser refused; the text is marked");
  }
}
