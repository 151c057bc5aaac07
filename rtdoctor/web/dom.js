// Elements. Text goes in as text and in no other way: nothing in these files parses HTML.

function find(selector) {
  return document.querySelector(selector);
}

/** An element with attributes and children; texts become text nodes. */
function make(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

/** Set a text where it is another one, so that nothing is announced or laid out anew for nothing. */
function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/**
 * Make a parent's children those of a list, each known by its key: what is there stays, with its focus. `create` makes
 * a child, `fill` brings it up to date.
 */
function keyed(parent, items, key, create, fill) {
  const known = parent.children_by_key ?? new Map();
  const wanted = new Set(items.map(key));
  for (const [name, node] of known) if (!wanted.has(name)) node.remove(); // first, so that what stays need not move
  const now = new Map();
  let before = null;
  for (const item of items) {
    const name = key(item);
    if (now.has(name)) continue;
    const node = known.get(name) ?? create(item);
    fill?.(node, item);
    now.set(name, node);
    const place = before ? before.nextSibling : parent.firstChild;
    if (place !== node) parent.insertBefore(node, place);
    before = node;
  }
  parent.children_by_key = now;
}
