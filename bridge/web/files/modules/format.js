// Numbers as people read them.

function scaled(value, base, units) {
  let at = 0;
  let left = value;
  while (left >= base * 0.9995 && at < units.length - 1) {
    left /= base;
    at += 1;
  }
  const digits = at === 0 || left >= 99.95 ? 0 : left >= 9.995 ? 1 : 2;
  return `${left.toFixed(digits)} ${units[at]}`;
}

export const size = (bytes) => scaled(bytes ?? 0, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]);

export const rate = (bytes) =>
  scaled((bytes ?? 0) * 8, 1000, ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"]);

const GROUPED = new Intl.NumberFormat("en");
export const count = (number) => GROUPED.format(Math.round(number ?? 0));

export function each(perSecond) {
  if (perSecond >= 99.5) return count(perSecond);
  return String(Number((perSecond ?? 0).toFixed(perSecond < 9.95 ? 1 : 0)));
}

const STEPS = [["d", 86400], ["h", 3600], ["min", 60]];

export function time(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const at = STEPS.findIndex(([, length]) => seconds >= length);
  const [unit, length] = STEPS[at];
  const [next, smaller] = STEPS[at + 1] ?? ["s", 1];
  const rest = Math.floor((seconds % length) / smaller);
  return `${Math.floor(seconds / length)} ${unit}${rest ? ` ${rest} ${next}` : ""}`;
}

export const ms = (value) =>
  value === null || value === undefined ? "–" : `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;

export const clock = (epoch) =>
  new Date(epoch * 1000).toLocaleTimeString("en-GB", { hour12: false });

export const day = (epoch) => new Date(epoch * 1000).toISOString().slice(0, 10);

export const several = (number, what) => `${count(number)} ${what}${number === 1 ? "" : "s"}`;

export const endpoint = (host, port) =>
  !port ? String(host) : String(host).includes(":") ? `[${host}]:${port}` : `${host}:${port}`;

// The value that half of a histogram is below; null where nobody was counted.
export function median(histogram) {
  if (!histogram || !histogram.count) return null;
  for (const [bound, below] of histogram.buckets) if (below * 2 >= histogram.count) return bound;
  return null;
}
