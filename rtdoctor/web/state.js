// What the page holds: the story that the lines tell, and what is chosen of it.

const story = newStory();
const filter = newFilter();
const view = newView();
const live = { stream: false, state: "connecting", place: 0, wait: 1000 };
const chosen = { number: null, tab: "event", shown: MANY, shownEvent: null };
let selection = newSelection();
let active = -1; // the row of the list that the keyboard is at
let queue = [];
let busy = false;
let dirty = true;
let drawnAt = 0;
let pinned = 0; // where the list was scrolled to when it followed

const list = find("#list");
const rowsNode = find("#rows");
const token = new URLSearchParams(location.search).get("token") ?? "";
find("#download").href = `/tape?token=${encodeURIComponent(token)}`;
