// The table of servers, those with trouble first.

import { byId, el, keep, mark, say, show } from "./dom.js";
import { count, several, time } from "./format.js";
import { order } from "./orders.js";
import { kindOf } from "./picture.js";

const FIRST = 25;
const MORE = 250;
const RANK = { bad: 0, some: 1, quiet: 2, good: 3 };

export class Servers {
  constructor(store) {
    this.store = store;
    this.most = FIRST;
    byId("servers-find").addEventListener("input", () => this.update());
    byId("servers-more").addEventListener("click", () => {
      this.most += MORE;
      this.update();
    });
  }

  update() {
    const all = [...this.store.of("server")].map(([key, told]) => ({ key, ...told }));
    const words = byId("servers-find").value.toLowerCase().split(/\s+/).filter(Boolean);
    const meant = all.filter((server) => words.every((word) => textOf(server).includes(word)));
    meant.sort(
      (a, b) =>
        RANK[kindOf(a.state)] - RANK[kindOf(b.state)] ||
        a.farm.localeCompare(b.farm) ||
        a.server.localeCompare(b.server, "en", { numeric: true }),
    );
    const up = all.filter((server) => server.up).length;
    say(byId("servers-count"), `${count(up)} of ${count(all.length)} up`);
    const changes = Boolean(this.store.get("gateway")?.changes);
    document.body.classList.toggle("changes", changes);
    keep(byId("servers-rows"), meant.slice(0, this.most), (server) => server.key, make, (row, server) =>
      fill(row, server, this.store.now, changes),
    );
    const more = byId("servers-more");
    const left = meant.length - this.most;
    show(more, left > 0);
    say(more, left > 0 ? `Show ${count(Math.min(left, MORE))} more of ${several(meant.length, "server")}` : "");
  }
}

const textOf = (server) =>
  `${server.server} ${server.farm} ${server.address ?? ""} ${server.state}`.toLowerCase();

function make() {
  return el(
    "tr",
    {},
    el("td", {}, el("span", { class: "pill" })),
    el("th", { scope: "row", class: "name" }),
    el("td"),
    el("td", { class: "wide code" }),
    el("td", { class: "number" }),
    el("td", { class: "number wide" }),
    el("td", { class: "mid word" }),
    el("td", { class: "mid" }),
    el("td", { class: "orders" }),
  );
}

function fill(row, server, now, changes) {
  const [state, name, farm, address, sessions, failed, word, since, orders] = row.children;
  const dials = Object.entries(server.dial_failures ?? {});
  mark(state.firstChild, "kind", kindOf(server.state));
  const mixed = server.workers ? ` in ${several(server.workers.length, "worker")}` : "";
  say(state.firstChild, `${server.state}${server.failing ? ", failing" : ""}${mixed ? ", not everywhere" : ""}`);
  say(name, `${server.server}${server.backup ? " (backup)" : ""}`);
  say(farm, server.farm);
  say(address, server.address ?? "");
  const most = server.connections ? ` of ${count(server.connections)}` : "";
  say(sessions, `${count(server.active)}${most}`);
  say(failed, dials.reduce((sum, [, number]) => sum + number, 0) ? dials.map(([why, number]) => `${why} ${count(number)}`).join(", ") : "0");
  say(word, server.state === "up" ? server.check || server.why || "" : server.why || server.check || "");
  say(since, server.since ? time(Math.max(0, now - server.since)) : "");
  if (changes && !orders.firstChild) orders.append(...buttons(row));
  row.server = server;
  if (changes) fillButtons(orders, server);
}

// Buttons that do not fit a state are there and off, so that nothing jumps about.
function buttons(row) {
  return ["drain", "ready"].map((command) =>
    el(
      "button",
      {
        type: "button",
        "data-command": command,
        click: () => {
          const { server, farm } = row.server;
          order(command, { server, farm }, `${command} server ${server} of farm ${farm}`);
        },
      },
      command,
    ),
  );
}

function fillButtons(cell, server) {
  const away = server.state === "draining" || server.state === "disabled";
  for (const button of cell.children) {
    button.disabled = (button.dataset.command === "drain") === away;
    const label = `${button.dataset.command} ${server.server} of farm ${server.farm}`;
    if (button.getAttribute("aria-label") !== label) button.setAttribute("aria-label", label);
  }
}
