// How the page hears: by a stream, or by asking now and then where there are too many.

const LATE = 6000; // milliseconds without a word, where there is one a second
const POLL = 3000;
const RETRY = 30000;

export class Live {
  // `take` gets each message, `tell` how the connection does.
  constructor(take, tell) {
    this.take = take;
    this.tell = tell;
    this.source = null;
    this.timer = null;
    this.heardAt = 0;
    this.polls = 0;
    document.addEventListener("visibilitychange", () => this.look());
    setInterval(() => this.watch(), 1000);
    this.look();
  }

  // A page that nobody sees needs no stream; browsers have few connections.
  look() {
    this.close();
    if (document.hidden) return this.tell("quiet", "paused");
    this.open();
  }

  open() {
    this.close();
    this.heardAt = Date.now();
    const source = (this.source = new EventSource("data/live"));
    source.addEventListener("message", (event) => this.hear(JSON.parse(event.data), "live"));
    source.addEventListener("error", () => {
      if (source !== this.source || source.readyState !== EventSource.CLOSED) return;
      this.close();
      this.polls = 0;
      this.poll();
    });
  }

  close() {
    this.source?.close();
    this.source = null;
    clearTimeout(this.timer);
  }

  hear(message, how) {
    this.heardAt = Date.now();
    this.take(message);
    this.tell("good", how);
  }

  async poll() {
    try {
      const answer = await fetch("data/all");
      if (answer.ok) this.hear(await answer.json(), "polling");
    } catch {
      // it is told by `watch`
    }
    if (this.source || document.hidden) return;
    this.polls += 1;
    if (this.polls * POLL >= RETRY) this.timer = setTimeout(() => this.open(), POLL);
    else this.timer = setTimeout(() => this.poll(), POLL);
  }

  watch() {
    if (document.hidden) return;
    const late = Date.now() - this.heardAt;
    if (late > LATE) this.tell("bad", `no word for ${Math.round(late / 1000)} s`);
  }
}

// What one address of the gateway answers.  Throws an Error that says why it does not.
export async function ask(path, words = {}) {
  const query = new URLSearchParams(Object.entries(words).filter(([, value]) => value));
  let answer;
  try {
    answer = await fetch(`${path}?${query}`);
  } catch {
    throw new Error("the gateway does not answer");
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok || said.error) throw new Error(said.error ?? `the gateway answers ${answer.status}`);
  return said;
}
