// All that the gateway has told, by part: see bridge/web/parts.py.

export class Store {
  constructor() {
    this.parts = new Map();
    this.row = null;
    this.listeners = [];
    this.before = new Map();
  }

  // One message of the stream, or all there is.
  take(message) {
    if (message.whole) this.parts.clear();
    for (const [key, value] of Object.entries(message.parts)) this.parts.set(key, value);
    for (const key of message.gone) this.parts.delete(key);
    this.row = message.row;
    for (const listener of this.listeners) listener(this, message);
  }

  heard(listener) {
    this.listeners.push(listener);
  }

  get(key) {
    return this.parts.get(key);
  }

  // Of a kind, [name, value] each.
  *of(kind) {
    const start = `${kind}/`;
    for (const [key, value] of this.parts) {
      if (key.startsWith(start)) yield [key.slice(start.length), value];
    }
  }

  get now() {
    return this.parts.get("clock")?.time ?? 0;
  }

  // What a total grows by in a second, from one message to the next.
  rate(key, total) {
    const seconds = this.parts.get("clock")?.seconds ?? 0;
    const seen = this.before.get(key);
    if (!seen || total < seen.total || seconds < seen.seconds) {
      this.before.set(key, { total, seconds, rate: 0 });
      return 0;
    }
    if (seconds - seen.seconds >= 0.2) {
      const rate = (total - seen.total) / (seconds - seen.seconds);
      this.before.set(key, { total, seconds, rate });
      return rate;
    }
    return seen.rate;
  }
}
