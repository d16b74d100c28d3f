// Sessions that run, and one of them with what both kernels know of it.

import { byId, el, keep, mark, say, show } from "./dom.js";
import { count, endpoint, ms, rate, several, size, time } from "./format.js";
import { ask } from "./live.js";
import { order } from "./orders.js";

const STATES = ["accepted", "securing", "reading", "dialing", "queued", "open", "front_ended", "back_ended", "flushing_back", "flushing_front"];
// What it was limited by, since it began: in words, and in the colours of the picture.
export const LIMITED = {
  front_net: ["net", "client's network"],
  front_app: ["app", "client"],
  back_net: ["net", "server's network"],
  back_app: ["app", "server"],
  gateway: ["gate", "this gateway"],
};
const FIRST = 15;
const MOST = 200; // that the gateway lists
const EVERY = 2000;
const MANY = 1000; // of more, each look takes its time
const SELDOM = 5000;

export class Sessions {
  constructor(store) {
    this.store = store;
    this.form = byId("sessions-filter");
    this.timer = null;
    this.asking = false;
    this.most = FIRST;
    this.total = 0;
    byId("sessions-more").addEventListener("click", () => {
      this.most = MOST;
      this.look();
    });
    this.form.state.append(...STATES.map((state) => el("option", { value: state }, state.replace("_", " "))));
    this.one = new OneSession(store);
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
      if (name === "session") this.one.open(value);
      else if (this.form[name]?.tagName === "SELECT") this.wish(name, value);
      else if (this.form[name]) this.form[name].value = value;
    }
    this.form.addEventListener("input", () => this.changed());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    byId("sessions-rows").addEventListener("click", (event) => {
      const name = event.target.closest("button")?.dataset.session;
      if (name) this.one.open(name);
    });
    document.addEventListener("visibilitychange", () => this.look());
    this.look();
  }

  // A front or farm of the address may not be known yet.
  wish(name, value) {
    const select = this.form[name];
    if (![...select.options].some((option) => option.value === value)) select.append(el("option", { value }, value));
    select.value = value;
  }

  update() {
    for (const kind of ["front", "farm"]) {
      const names = [...this.store.of(kind)].map(([name]) => name);
      const select = this.form[kind];
      const known = new Set([...select.options].map((option) => option.value));
      for (const name of names) if (!known.has(name)) select.append(el("option", { value: name }, name));
    }
  }

  changed() {
    const words = new URLSearchParams([...new FormData(this.form)].filter(([, value]) => value));
    if (words.get("sort") === "rate") words.delete("sort");
    history.replaceState(null, "", words.size ? `#${words}` : location.pathname);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), 200);
  }

  async look() {
    clearTimeout(this.timer);
    if (document.hidden || this.asking) return;
    this.asking = true;
    const words = Object.fromEntries(new FormData(this.form));
    try {
      this.fill(await ask("data/sessions", { ...words, limit: this.most }), words.sort);
      show(byId("sessions-wrong"), false);
    } catch (error) {
      say(byId("sessions-wrong"), error.message);
      show(byId("sessions-wrong"), true);
    }
    this.asking = false;
    this.timer = setTimeout(() => this.look(), this.total > MANY ? SELDOM : EVERY);
  }

  fill({ sessions, matching, total }) {
    this.total = total;
    const of = matching < total ? ` of ${count(total)}` : "";
    const first = sessions.length < matching ? `, the first ${count(sessions.length)} shown` : "";
    say(byId("sessions-count"), `${several(matching, "session")}${of}${first}`);
    show(byId("sessions-none"), !sessions.length);
    const more = Math.min(MOST, matching) - sessions.length;
    show(byId("sessions-more"), more > 0);
    say(byId("sessions-more"), `Show ${count(more)} more`);
    keep(byId("sessions-rows"), sessions, (session) => session.session, makeRow, (row, session) => this.row(row, session));
  }

  row(row, told) {
    const [name, client, front, server, state, age, up, down, bytes, held, limited] = row.children;
    const speed = told.rate ?? {
      up: this.store.rate(`session/${told.session}/up`, told.bytes.up),
      down: this.store.rate(`session/${told.session}/down`, told.bytes.down),
    };
    say(name.firstChild, told.session);
    name.firstChild.dataset.session = told.session;
    say(client, endpoint(told.client, told.client_port));
    say(front, told.front);
    say(server, told.server ? `${told.farm}: ${told.server}` : told.farm ?? "");
    mark(state.firstChild, "kind", told.state === "open" ? "good" : told.state === "queued" ? "slow" : "some");
    say(state.firstChild, told.state.replace("_", " "));
    say(age, time(told.seconds.total));
    say(up, rate(speed.up));
    say(down, rate(speed.down));
    say(bytes, size(told.bytes.up + told.bytes.down));
    say(held, told.bytes.held ? size(told.bytes.held) : "0");
    mark(held, "kind", told.bytes.held ? "slow" : "none");
    const [colour, words] = LIMITED[told.limited_by] ?? ["none", "–"];
    say(limited, words);
    mark(limited, "limit", colour);
  }
}

function makeRow() {
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, el("button", { type: "button", class: "as-link code" })),
    el("td", { class: "code" }),
    el("td", { class: "mid" }),
    el("td", { class: "mid" }),
    el("td", {}, el("span", { class: "pill" })),
    el("td", { class: "number mid" }),
    el("td", { class: "number" }),
    el("td", { class: "number" }),
    el("td", { class: "number wide" }),
    el("td", { class: "number wide" }),
    el("td", { class: "wide" }),
  );
}

// One

const bytes = (number) => `${count(number)} B`;
const FACTS = [
  ["Sends segments of", "mss_out", bytes],
  ["Receives segments of", "mss_in", bytes],
  ["Path MTU", "pmtu", bytes],
  ["Round trip", "rtt_ms", ms],
  ["Shortest", "min_rtt_ms", ms],
  ["Delivers", "delivery_rate", rate],
  ["Retransmits", "retransmits", count],
  ["Segments out", "segments_out", count],
  ["Segments in", "segments_in", count],
  ["Not acknowledged", "unacknowledged", size],
  ["Sent for", "busy_ms", (value) => time(value / 1000)],
  ["… held by its window", "rwnd_limited_ms", (value) => time(value / 1000)],
  ["… held by our buffer", "sndbuf_limited_ms", (value) => time(value / 1000)],
];

// Where its time has gone: see docs/limited.md.
const WAITS = {
  idle: "nobody had anything to say for",
  front_silent: "the client was waited for",
  back_silent: "the server was waited for",
  front_full: "the client took no more for",
  back_full: "the server took no more for",
  front_flow: "flowed from the client",
  back_flow: "flowed from the server",
  gateway: "the gateway was busy for",
};

class OneSession {
  constructor(store) {
    this.store = store;
    this.name = "";
    this.before = null;
    this.dialog = byId("session");
    byId("session-close").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => {
      this.name = "";
      history.replaceState(null, "", location.pathname);
    });
  }

  open(name) {
    this.name = name;
    this.before = null;
    say(byId("session-title"), `Session ${name}`);
    byId("session-body").replaceChildren(...this.build());
    history.replaceState(null, "", `#${new URLSearchParams({ session: name })}`);
    this.dialog.showModal();
    this.look();
  }

  build() {
    this.way = el("p", { class: "way code" });
    this.verdict = el("p", { class: "verdict", role: "status" });
    this.moves = el("dl", { class: "glance small" });
    this.cells = FACTS.map(([label]) => [label, el("td", { class: "number" }), el("td", { class: "number" })]);
    this.spent = el("p", { class: "quiet" });
    this.more = el("p", { class: "quiet" });
    this.kill = el(
      "button",
      { type: "button", click: () => order("kill", { session: this.name }, `kill session ${this.name}`) },
      "kill",
    );
    return [
      this.way,
      this.verdict,
      this.moves,
      el(
        "table",
        {},
        el("caption", { class: "unseen" }, "What both kernels know"),
        el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Side"), el("th", { scope: "col", class: "number" }, "Client's"), el("th", { scope: "col", class: "number" }, "Server's"))),
        el("tbody", {}, ...this.cells.map(([label, front, back]) => el("tr", {}, el("th", { scope: "row" }, label), front, back))),
      ),
      this.spent,
      this.more,
      el("p", { class: "answers" }, this.kill),
    ];
  }

  async look() {
    const { name } = this;
    if (!name) return;
    try {
      const { session } = await ask("data/session", { session: name });
      if (name !== this.name) return;
      this.fill(session);
    } catch (error) {
      if (name !== this.name) return;
      say(this.verdict, error.message.startsWith("there is no session") ? "It is over." : error.message);
      mark(this.verdict, "kind", "quiet");
    }
    setTimeout(() => this.look(), 1000);
  }

  fill(told) {
    const seen = { at: performance.now(), told };
    const way = [endpoint(told.client, told.client_port), told.listen, told.source ? endpoint(told.source, told.source_port) : null, told.back];
    say(this.way, way.filter(Boolean).join("  →  "));
    const passed = this.before ? (seen.at - this.before.at) / 1000 : 0;
    const speed = (way) => (passed ? Math.max(0, told.bytes[way] - this.before.told.bytes[way]) / passed : 0);
    const figures = [
      ["State", told.state.replace("_", " ")],
      ["Age", time(told.seconds.total)],
      ["From client", rate(speed("up"))],
      ["To client", rate(speed("down"))],
      ["Received", size(told.bytes.up)],
      ["Sent", size(told.bytes.down)],
      ["Held here", size(told.bytes.held)],
      ["Dialed in", time(told.seconds.dial)],
      ["Limited by", LIMITED[told.limited_by]?.[1] ?? "nothing much"],
    ];
    keep(this.moves, figures, ([label]) => label, ([label]) => el("div", {}, el("dt", {}, label), el("dd")), (item, [, value]) => say(item.lastChild, value));
    this.cells.forEach(([, front, back], index) => {
      const [, key, form] = FACTS[index];
      const value = (side) => (side && side[key] !== undefined && side[key] !== null ? form(side[key]) : "–");
      say(front, value(told.sides.front));
      say(back, value(told.sides.back));
    });
    const [kind, verdict] = limit(told, this.before?.told);
    say(this.verdict, verdict);
    mark(this.verdict, "kind", kind);
    const tls = told.tls ? `TLS: ${Object.values(told.tls).filter(Boolean).join(", ")}. ` : "";
    const spent = Object.entries(told.spent ?? {}).filter(([, seconds]) => seconds >= 0.01);
    spent.sort(([, one], [, other]) => other - one);
    const waits = spent.map(([name, seconds]) => `${WAITS[name] ?? name} ${time(seconds)}`).join(", ");
    say(this.spent, waits ? `Since it began: ${waits}.` : "");
    say(this.more, `${tls}Front ${told.front}, farm ${told.farm ?? "none yet"}, server ${told.server ?? "none yet"}, worker ${told.worker}.`);
    show(this.kill, Boolean(this.store.get("gateway")?.changes));
    this.before = seen;
  }
}

// What holds it up, by what both kernels have counted since the look before.
function limit(told, before) {
  if (!before) return ["quiet", "Looking for what limits it."];
  if (told.bytes.up + told.bytes.down === before.bytes.up + before.bytes.down && !told.bytes.held) {
    return ["quiet", "Nothing moves, and nothing waits: nobody has anything to send."];
  }
  for (const [side, who, what] of [["front", "client", "the client"], ["back", "server", "the server"]]) {
    const [now, then] = [told.sides[side], before.sides[side]];
    if (!now || !then || now.busy_ms === undefined || then.busy_ms === undefined) continue;
    const busy = now.busy_ms - then.busy_ms;
    if (busy < 200) continue;
    if (now.rwnd_limited_ms - then.rwnd_limited_ms > busy / 2) return ["slow", `Held up by ${what}: it reads slowly, and its window is full.`];
    if (now.retransmits - then.retransmits > 3) return ["slow", `Held up by the way to ${what}: segments are lost and sent again.`];
    if (now.sndbuf_limited_ms - then.sndbuf_limited_ms > busy / 2) return ["some", `Held up by our buffer towards ${what}.`];
    if (told.bytes.held > 0) return ["slow", `Held up by the network towards the ${who}: ${size(told.bytes.held)} wait here.`];
  }
  return ["good", "Nothing holds it up: both sides take what comes."];
}
