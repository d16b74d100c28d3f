// The page: one store, filled by the stream, and all that is drawn of it.

import { Charts } from "./charts.js";
import { byId, mark, say } from "./dom.js";
import * as facts from "./facts.js";
import { Live } from "./live.js";
import { Picture } from "./picture.js";
import { Servers } from "./servers.js";
import { Sessions } from "./sessions.js";
import { Store } from "./store.js";

const store = new Store();
const picture = new Picture(store);
const charts = new Charts();
const servers = new Servers(store);
const sessions = new Sessions(store);

let row = null;
let started = null;

function update() {
  facts.state(store);
  facts.glance(store, row);
  picture.update();
  servers.update();
  sessions.update();
  facts.endings(store);
  facts.generations(store);
  facts.certificates(store);
  facts.warnings(store);
  facts.aloud(store);
}

store.heard((_, message) => {
  row = message.row ?? row;
  const began = store.get("gateway")?.started;
  if (message.whole || began !== started) {
    started = began;
    charts.load().then(() => charts.add(row));
  } else {
    charts.add(message.row);
  }
  update();
});

byId("endings-kind").addEventListener("change", () => facts.endings(store));

new Live(
  (message) => store.take(message),
  (kind, text) => {
    mark(byId("link"), "kind", kind);
    say(byId("link"), text);
  },
);
