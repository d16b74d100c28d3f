// What the page may change, where the configuration lets it.

import { byId, say } from "./dom.js";
import { ask } from "./live.js";

let token = "";

export async function allow() {
  token = (await ask("data/token")).token;
}

// Ask, and then do it.  What has become of it is said aloud.
export async function order(command, args, text) {
  if (!(await sure(command, text))) return;
  try {
    await give(command, args);
    announce(`done: ${text}`);
  } catch (error) {
    announce(`not done: ${error.message}`);
    byId("trouble").hidden = false;
    say(byId("trouble"), `${text}: ${error.message}`);
  }
}

async function give(command, args) {
  if (!token) await allow();
  const answer = await fetch("order", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Bridge-Token": token },
    body: JSON.stringify({ command, args }),
  });
  const said = await answer.json().catch(() => ({}));
  if (answer.status === 403) token = "";
  if (!answer.ok) throw new Error(said.error ?? `the gateway answers ${answer.status}`);
}

function sure(command, text) {
  const dialog = byId("ask");
  say(byId("ask-title"), `${command[0].toUpperCase()}${command.slice(1)}?`);
  say(byId("ask-text"), text);
  say(byId("ask-yes"), command);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

let last = "";

export function announce(text) {
  if (text === last) return;
  last = text;
  say(byId("said"), text);
}
