// Both networks as they are: fronts on the left, the gateway with its workers, farms on
// the right, and what flows between them.

import { byId, el, keep, mark, say, svg } from "./dom.js";
import { count, median, rate, several, time } from "./format.js";

const SHOWN = 10; // cards a side; the busiest of more
const DOTS = 120; // servers a farm that are drawn

export class Picture {
  constructor(store) {
    this.store = store;
    this.flows = [];
    new ResizeObserver(() => this.draw()).observe(byId("picture"));
  }

  update() {
    const { store } = this;
    const plan = store.get("plan") ?? { fronts: {}, farms: {} };
    const fronts = [...store.of("front")].map(([name, told]) => frontOf(store, plan, name, told));
    const servers = new Map();
    for (const [, server] of store.of("server")) {
      if (!servers.has(server.farm)) servers.set(server.farm, []);
      servers.get(server.farm).push(server);
    }
    const farms = [...store.of("farm")].map(([name, told]) =>
      farmOf(store, plan, name, told, servers.get(name) ?? []),
    );
    share(fronts, farms);
    cards("fronts", fronts, makeFront, fillFront, "front");
    cards("farms", farms, makeFarm, fillFarm, "farm");
    fillGateway(store);
    this.flows = [
      ...fronts.map((front) => ({ ...front, left: true })),
      ...farms.map((farm) => ({ ...farm, left: false })),
    ];
    this.draw();
  }

  draw() {
    const box = byId("picture").getBoundingClientRect();
    const drawing = byId("flows");
    if (!box.width) return;
    drawing.setAttribute("viewBox", `0 0 ${box.width} ${box.height}`);
    const middle = byId("gateway").getBoundingClientRect();
    const lines = [];
    for (const side of [true, false]) {
      const ends = this.flows
        .filter((flow) => flow.left === side)
        .map((flow) => [flow, byId(side ? "fronts" : "farms").known?.get(flow.name)])
        .filter(([, card]) => card && !card.hidden);
      ends.forEach(([flow, card], index) => {
        const at = card.getBoundingClientRect();
        const share = (index + 1) / (ends.length + 1);
        const from = {
          x: (side ? at.right : at.left) - box.left,
          y: at.top + at.height / 2 - box.top,
        };
        const to = {
          x: (side ? middle.left : middle.right) - box.left,
          y: middle.top + middle.height * share - box.top,
        };
        const [wide, thin] = [widthOf(flow.down), widthOf(flow.up)];
        lines.push({ key: `${side}/${flow.name}/down`, kind: "down", flow, from, to, width: wide, shift: thin / 2 + 1 });
        lines.push({ key: `${side}/${flow.name}/up`, kind: "up", flow, from, to, width: thin, shift: -wide / 2 - 1 });
      });
    }
    keep(drawing, lines, (line) => line.key, () => svg("path"), fillLine);
  }
}

// From a hair for a few bytes to 26 px for 10 Gbit/s.
function widthOf(bytes) {
  const part = (Math.log10(Math.max(1, bytes * 8)) - 3) / 7; // of what is between 1 kbit/s and that
  return 1.5 + 24.5 * Math.min(1, Math.max(0, part)) ** 1.7;
}

function fillLine(path, { kind, flow, from, to, width, shift }) {
  const half = (from.x + to.x) / 2;
  path.setAttribute(
    "d",
    `M${from.x} ${from.y + shift}C${half} ${from.y + shift} ${half} ${to.y + shift} ${to.x} ${to.y + shift}`,
  );
  path.setAttribute("stroke-width", width.toFixed(1));
  const why = flow.kind === "bad" ? "bad" : flow.limit;
  path.setAttribute("class", `flow ${kind} ${why}${flow[kind] >= 1 ? " moves" : ""}`);
}

// What there is to say

// What limits a flow on one side, by the most of what it moves: the colour, and in words.
const LIMITS = {
  front_net: ["net", "limited by the network to clients"],
  front_app: ["app", "limited by its clients"],
  back_net: ["net", "limited by the network to servers"],
  back_app: ["app", "limited by its servers"],
  gateway: ["gate", "limited by this gateway"],
};
const ENOUGH = 0.3; // of what moves

function limitOf(shares, side) {
  for (const [cause, share] of Object.entries(shares ?? {})) {
    if (share < ENOUGH || !(cause.startsWith(side) || cause === "gateway")) continue;
    const [colour, words] = LIMITS[cause] ?? ["", ""];
    if (colour) return [colour, `${words}, ${Math.round(share * 100)} % of it`];
  }
  return ["", ""];
}

// Where segments of full size seem to vanish.
function lostTo(store, what, name) {
  const all = (store.get("paths")?.suspects ?? []).filter((each) => each.what === what && each.name === name);
  if (!all.length) return "";
  return `full segments vanish towards ${all.length === 1 ? all[0].network : several(all.length, "network")}`;
}

// Over what clients come, the most of them first.
function kindsOf(kinds) {
  const told = (kinds ?? []).map(({ kind, mtu, share }) => `${Math.round(share * 100)} % ${kind}${mtu ? ` (${mtu})` : ""}`);
  return told.length ? `clients: ${told.join(", ")}` : "";
}

function frontOf(store, plan, name, told) {
  const key = `front/${name}`;
  const refused = Object.values(told.refused).reduce((sum, number) => sum + number, 0);
  const refusing = store.rate(`${key}/refused`, refused);
  const lost = store.rate(`${key}/retransmits`, told.retransmits ?? 0);
  const most = plan.fronts[name]?.most;
  let kind = "good";
  let note = "";
  if (refusing > 0) [kind, note] = ["slow", `refuses ${count(Math.ceil(refusing))} a second`];
  else if (lost > 10) [kind, note] = ["slow", `${count(lost)} retransmits a second`];
  else if (lostTo(store, "front", name)) [kind, note] = ["slow", lostTo(store, "front", name)];
  const [limit, words] = limitOf(store.get("limits")?.fronts?.[name], "front");
  return {
    name,
    kind,
    note,
    limit,
    words,
    planned: plan.fronts[name],
    kinds: kindsOf(store.get("paths")?.kinds?.[name]),
    mss: median(told.mss),
    active: told.active,
    most,
    up: store.rate(`${key}/up`, told.bytes.up),
    down: store.rate(`${key}/down`, told.bytes.down),
  };
}

function farmOf(store, plan, name, told, servers) {
  const lost = store.rate(`farm/${name}/retransmits`, told.retransmits ?? 0);
  const [up, all] = [told.servers_up, told.servers_all];
  let kind = "good";
  let note = "";
  if (all > 0 && up === 0) [kind, note] = ["bad", "no server is up"];
  else if (told.waiting > 0) [kind, note] = ["slow", `${several(told.waiting, "session")} wait for a place`];
  else if (lost > 10) [kind, note] = ["slow", `${count(lost)} retransmits a second`];
  else if (lostTo(store, "farm", name)) [kind, note] = ["slow", lostTo(store, "farm", name)];
  else if (up < all) [kind, note] = ["some", `${count(all - up)} not up`];
  const [limit, words] = limitOf(store.get("limits")?.farms?.[name], "back");
  return {
    name,
    kind,
    note,
    limit,
    words,
    planned: plan.farms[name],
    mss: median(told.mss),
    active: told.active,
    dial: median(told.dial),
    servers,
    servers_up: up,
    servers_all: all,
    up: 0,
    down: 0,
  };
}

// Bytes are counted by front: of one that leads to several farms each is drawn with as
// much of them as it has of the sessions.
function share(fronts, farms) {
  const known = new Map(farms.map((farm) => [farm.name, farm]));
  for (const front of fronts) {
    const to = (front.planned?.farms ?? []).map((name) => known.get(name)).filter(Boolean);
    const all = to.reduce((sum, farm) => sum + farm.active, 0);
    for (const farm of to) {
      const part = to.length === 1 ? 1 : all ? farm.active / all : 1 / to.length;
      farm.up += front.up * part;
      farm.down += front.down * part;
    }
  }
}

function cards(id, things, make, fill, what) {
  const busiest = [...things].sort((a, b) => b.up + b.down - a.up - a.down || b.active - a.active);
  const kept = new Set(things.length > SHOWN ? busiest.slice(0, SHOWN) : things);
  const stack = byId(id);
  keep(stack, things.filter((thing) => kept.has(thing)), (thing) => thing.name, make, fill);
  const left = things.length - kept.size;
  let rest = stack.parentElement.querySelector(".rest");
  if (!rest) stack.after((rest = el("p", { class: "rest" })));
  say(rest, left ? `and ${several(left, `quieter ${what}`)}` : "");
}

function makeCard(kind) {
  return (thing) => {
    const card = el("article", { class: `card ${kind}`, "aria-label": `${kind} ${thing.name}` });
    card.append(
      el("h4", {}, el("span", { class: "name" }), el("span", { class: "tag" }), el("span", { class: "many" })),
      el("p", { class: "line" }),
      el("p", { class: "line path" }),
      el("p", { class: "line kinds" }),
      el("p", { class: "moving" }, el("span", { class: "up" }), el("span", { class: "down" })),
      el("p", { class: "note" }),
      el("p", { class: "limit" }),
    );
    return card;
  };
}

function makeFarm(thing) {
  const card = makeCard("farm")(thing);
  const dots = svg("svg", { class: "dots", "aria-hidden": "true", focusable: "false" });
  card.querySelector(".line").after(dots);
  return card;
}

const makeFront = makeCard("front");

function fillCard(card, thing, tag, first) {
  const planned = thing.planned ?? {};
  mark(card, "kind", thing.kind);
  say(card.querySelector(".name"), thing.name);
  say(card.querySelector(".tag"), tag);
  say(card.querySelector(".line"), first);
  const path = [`MTU ${planned.mtu ?? "of the route"}`];
  if (thing.mss) path.push(`MSS ${count(thing.mss)}`);
  else if (Number.isInteger(planned.announces)) path.push(`MSS ${planned.announces}`);
  else if (planned.announces === "safe") path.push("MSS safe");
  if (planned.interface) path.push(planned.interface);
  say(card.querySelector(".path"), `${planned.profile ?? ""}: ${path.join(", ")}`);
  say(card.querySelector(".up"), `↑ ${rate(thing.up)}`);
  say(card.querySelector(".down"), `↓ ${rate(thing.down)}`);
  say(card.querySelector(".many"), several(thing.active, "session"));
  say(card.querySelector(".note"), thing.note);
  say(card.querySelector(".kinds"), thing.kinds ?? "");
  const moves = thing.up + thing.down >= 1;
  say(card.querySelector(".limit"), moves ? thing.words : "");
  mark(card.querySelector(".limit"), "limit", thing.limit || "none");
}

function fillFront(card, front) {
  const planned = front.planned ?? { listen: [] };
  const mode = planned.mode && planned.mode !== "stream" ? planned.mode : "";
  const [first, ...others] = planned.listen;
  const where = first ? `${first}${others.length ? ` and ${others.length} more` : ""}` : "";
  fillCard(card, front, [planned.tls ? "TLS" : "", mode].filter(Boolean).join(" · "), where);
}

function fillFarm(card, farm) {
  const planned = farm.planned ?? {};
  const dial = farm.dial === null ? "" : `, dialed in ${time(farm.dial)}`;
  const up = `${count(farm.servers_up)} of ${several(farm.servers_all, "server")} up${dial}`;
  fillCard(card, farm, [planned.tls ? "TLS" : "", planned.map ? "map" : ""].filter(Boolean).join(" · "), up);
  const dots = card.querySelector(".dots");
  const shown = farm.servers.slice(0, DOTS);
  const across = 24;
  dots.setAttribute("viewBox", `0 0 ${across * 10} ${Math.ceil(shown.length / across) * 10}`);
  keep(dots, shown, (server) => server.server, () => svg("rect", { width: 8, height: 8, rx: 2 }), () => {});
  [...dots.children].forEach((dot, index) => {
    dot.setAttribute("x", (index % across) * 10);
    dot.setAttribute("y", Math.floor(index / across) * 10);
    dot.setAttribute("class", `dot ${kindOf(shown[index].state)}`);
  });
}

export function kindOf(state) {
  if (state === "up") return "good";
  if (state === "starting") return "some";
  return state === "down" || state === "ejected" ? "bad" : "quiet";
}

// The middle

function fillGateway(store) {
  const workers = [...store.of("worker")].map(([name, told]) => ({ name, ...told }));
  workers.sort((a, b) => b.generation - a.generation || a.worker - b.worker);
  const several_ = workers.length > 1;
  keep(byId("gateway"), workers, (worker) => worker.name, makeWorker, (card, worker) => {
    const busy = store.rate(`worker/${worker.name}/cpu`, worker.cpu ?? 0);
    const kind = !worker.up ? "bad" : worker.lag > 0.1 ? "slow" : worker.retires ? "quiet" : "good";
    mark(card, "kind", kind);
    say(card.querySelector(".name"), several_ ? `worker ${worker.worker}` : "bridge");
    say(card.querySelector(".tag"), `generation ${worker.generation}`);
    say(card.querySelector(".line"), `process ${worker.pid}`);
    say(card.querySelector(".many"), several(worker.sessions ?? 0, "session"));
    say(card.querySelector(".path"), `${Math.round(busy * 100)} % of a core, lag ${time(worker.lag ?? 0)}`);
    card.querySelector(".bar rect:last-child").setAttribute("width", Math.min(100, busy * 100).toFixed(1));
    say(card.querySelector(".note"), !worker.up ? "has not told anything for a while" : worker.retires ? "retires: its sessions may end" : "");
  });
}

function makeWorker(worker) {
  const bar = svg("svg", { class: "bar", viewBox: "0 0 100 3", preserveAspectRatio: "none", "aria-hidden": "true" });
  bar.append(svg("rect", { width: 100, height: 3 }), svg("rect", { width: 0, height: 3 }));
  return el(
    "article",
    { class: "card worker", "aria-label": `worker ${worker.name}` },
    el("h4", {}, el("span", { class: "name" }), el("span", { class: "tag" }), el("span", { class: "many" })),
    el("p", { class: "line" }),
    el("p", { class: "line path" }),
    bar,
    el("p", { class: "note" }),
  );
}
