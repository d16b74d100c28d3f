// Elements, made of text.  Nothing here, or anywhere on the page, reads markup: names of
// servers, clients and hosts come off the network, and may be anything.

export const byId = (id) => document.getElementById(id);

// el("td", { class: "number" }, "12", element …)
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") made.addEventListener(name, value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) {
    if (child !== null && child !== undefined) made.append(typeof child === "string" ? visible(child) : child);
  }
  return made;
}

// What would turn the text beside it around, or is not seen at all, is shown as a mark.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

const visible = (text) => text.replace(UNSEEN, "\ufffd");

export function svg(tag, attributes = {}) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

// What is as it was is not touched, so that nobody's selection or focus is lost.
export function say(element, text) {
  const told = visible(String(text));
  if (element.textContent !== told) element.textContent = told;
}

export function mark(element, name, value) {
  if (element.dataset[name] !== value) element.dataset[name] = value;
}

export function show(element, shown) {
  if (element.hidden === shown) element.hidden = !shown;
}

// Children of `parent` as `things` are, each made once by `make` and then only filled in by
// `fill`.  `key` tells which is which.
export function keep(parent, things, key, make, fill) {
  const known = parent.known ?? (parent.known = new Map());
  const names = things.map(key);
  const wanted = new Set(names);
  for (const [name, child] of known) {
    if (wanted.has(name)) continue;
    child.remove();
    known.delete(name);
  }
  let at = parent.firstElementChild;
  things.forEach((thing, index) => {
    let child = known.get(names[index]);
    if (!child) known.set(names[index], (child = make(thing)));
    fill(child, thing);
    if (child === at) at = at.nextElementSibling;
    else parent.insertBefore(child, at);
  });
}
