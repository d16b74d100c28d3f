// What there is besides networks and tables: at a glance, endings, certificates,
// generations, warnings.

import { byId, el, keep, mark, say, show } from "./dom.js";
import { clock, count, day, each, endpoint, rate, several, size, time } from "./format.js";
import { announce } from "./orders.js";
import { LIMITED } from "./sessions.js";

const MONTH = 30 * 86400;

export function glance(store, row) {
  const farms = [...store.of("farm")].map(([, farm]) => farm);
  const sum = (key) => farms.reduce((total, farm) => total + (farm[key] ?? 0), 0);
  const [up, all] = [sum("servers_up"), sum("servers_all")];
  const sessions = [...store.of("front")].reduce((total, [, front]) => total + front.active, 0);
  const most = [...store.of("worker")].reduce((total, [, worker]) => total + (worker.retires ? 0 : worker.sessions_most ?? 0), 0);
  const odd = row ? row[7] + row[8] : 0;
  const figures = [
    ["Sessions", count(sessions), most ? `of at most ${count(most)}` : "", most && sessions > 0.9 * most ? "slow" : "none"],
    ["From clients", rate(row?.[1]), "", "none"],
    ["To clients", rate(row?.[2]), "", "none"],
    ["New sessions", `${each(row?.[4] ?? 0)}/s`, "", "none"],
    ["Refused or failed", `${each(odd)}/s`, "", odd >= 0.05 ? "slow" : "none"],
    ["Servers up", `${count(up)} of ${count(all)}`, "", all && !up ? "bad" : up < all ? "slow" : "none"],
    ["Waiting", count(sum("waiting")), "for a place at a server", sum("waiting") ? "slow" : "none"],
  ];
  keep(
    byId("glance"),
    figures,
    ([label]) => label,
    ([label]) => el("div", {}, el("dt", {}, label), el("dd"), el("dd", { class: "small" })),
    (item, [, value, more, kind]) => {
      say(item.children[1], value);
      say(item.children[2], more);
      mark(item, "kind", kind);
    },
  );
}

export function state(store) {
  const told = store.get("gateway");
  if (!told) return;
  const pill = byId("state");
  const [kind, text] = told.draining ? ["slow", "draining"] : told.ready ? ["good", "ready"] : ["bad", "not ready"];
  mark(pill, "kind", kind);
  say(pill, text);
  const facts = [`version ${told.version}`, `up ${time(Math.max(0, store.now - told.started))}`];
  if (told.generation > 1) facts.push(`generation ${told.generation}`);
  say(byId("facts"), facts.join(" · "));
  document.title = kind === "good" ? "bridge" : `${text} – bridge`;
  const wrong = [...(told.why ?? [])];
  if (told.config?.reloaded === false) wrong.push("The last reload failed: the gateway goes on as it was.");
  const trouble = byId("trouble");
  show(trouble, wrong.length > 0);
  say(trouble, wrong.join(" "));
  say(byId("footer"), told.config?.hash ? `configuration ${told.config.hash}` : "");
}

const NAMES = { dial_failed: "dial failed", no_server: "no server" };
const kindOf = (ending) =>
  ending === "done" ? "good" : ["dial_failed", "no_server", "queue_timeout", "tls_failed", "error"].includes(ending) ? "bad" : ["denied", "limited", "bad_header"].includes(ending) ? "slow" : "quiet";

export function endings(store) {
  const odd = document.querySelector("#endings-kind input:checked").value === "odd";
  const all = store.get("endings") ?? [];
  const meant = all.filter((ending) => !odd || ending.ending !== "done");
  show(byId("endings-none"), !meant.length);
  say(byId("endings-none"), all.length ? "Of the last ones all were done." : "None yet, or the gateway has no access log.");
  keep(
    byId("endings-rows"),
    meant.slice(0, 12),
    (ending) => `${ending.worker}/${ending.session}/${ending.time}`,
    () =>
      el(
        "tr",
        {},
        el("td", { class: "code" }),
        el("td", {}, el("span", { class: "pill" })),
        el("td", { class: "code" }),
        el("td", { class: "mid" }),
        el("td", { class: "number mid" }),
        el("td", { class: "number wide" }),
        el("td", { class: "mid" }),
        el("td", { class: "wide word" }),
      ),
    (row, ending) => {
      const [at, how, client, way, lasted, bytes, limited, why] = row.children;
      say(at, clock(ending.time));
      say(how.firstChild, NAMES[ending.ending] ?? ending.ending.replaceAll("_", " "));
      mark(how.firstChild, "kind", kindOf(ending.ending));
      say(client, endpoint(ending.client, ending.client_port));
      say(way, [ending.front, ending.server ?? ending.farm].filter(Boolean).join(" → "));
      say(lasted, time(ending.seconds.total));
      say(bytes, size(ending.bytes.up + ending.bytes.down));
      const [colour, words] = LIMITED[ending.limited_by] ?? ["none", "–"];
      say(limited, words);
      mark(limited, "limit", colour);
      say(why, ending.reason);
    },
  );
}

function list(id, things, none) {
  const told = things.length ? things : [{ key: "none", kind: "none", title: none, text: "" }];
  keep(
    byId(id),
    told,
    (thing) => thing.key,
    () => el("li", {}, el("strong"), el("span")),
    (item, thing) => {
      mark(item, "kind", thing.kind);
      say(item.children[0], thing.title);
      say(item.children[1], thing.text);
    },
  );
}

export function generations(store) {
  const workers = [...store.of("worker")].map(([, worker]) => worker);
  const told = (store.get("generations") ?? []).map((generation) => {
    const its = workers.filter((worker) => worker.generation === generation.generation);
    const sessions = its.reduce((sum, worker) => sum + (worker.sessions ?? 0), 0);
    const restarts = generation.restarts ? `, ${several(generation.restarts, "worker")} started again` : "";
    return {
      key: String(generation.generation),
      kind: generation.retires ? "quiet" : "good",
      title: `Generation ${generation.generation} ${generation.retires ? "retires" : "accepts"}`,
      text: `${several(its.length || generation.workers, "worker")}, ${several(sessions, "session")}${restarts}`,
    };
  });
  list("generations-list", told, "None runs.");
}

export function certificates(store) {
  const told = [...(store.get("certificates") ?? [])]
    .sort((a, b) => a.not_after - b.not_after)
    .map((certificate) => {
      const left = certificate.not_after - store.now;
      const kind = left <= 0 ? "bad" : left < MONTH ? "slow" : "good";
      const when = left <= 0 ? "has run out" : `ends in ${time(left)}`;
      return {
        key: `${certificate.owner} ${certificate.file}`,
        kind,
        title: `${certificate.owner}: ${when}`,
        text: `${day(certificate.not_after)}, ${certificate.file}`,
      };
    });
  list("certificates-list", told, "The gateway has none.");
}

export function warnings(store) {
  const told = (store.get("warnings") ?? []).map((text, index) => ({ key: `${index} ${text}`, kind: "slow", title: "", text }));
  const logs = (store.get("logs") ?? [])
    .filter((log) => log.dropped)
    .map((log) => ({ key: log.log, kind: "slow", title: log.log, text: `${several(log.dropped, "line")} lost to a slow reader` }));
  const vanish = (store.get("paths")?.suspects ?? []).map(({ what, name, network, mss, sessions }) => ({
    key: `${what} ${name} ${network}`,
    kind: "slow",
    title: `${what} ${name}: a black hole is suspected`,
    text: `segments of ${count(mss)} bytes seem to vanish on the way to ${network}, in ${several(sessions, "session")}; the log has the cure`,
  }));
  list("warnings-list", [...told, ...vanish, ...logs], "Nothing: the configuration fits this host.");
}

// Changes of state, for those who do not see the page.
const known = new Map();

export function aloud(store) {
  for (const [key, server] of store.of("server")) {
    const before = known.get(key);
    known.set(key, server.state);
    if (before && before !== server.state) announce(`server ${server.server} of farm ${server.farm} is ${server.state}`);
  }
}
