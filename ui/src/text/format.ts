// Numbers, times and counts as the page prints them. Figures that are kept come from the desk; this only words them.

const NARROW = " ";

/** A probability in per cent. Never 0 or 100 for what is neither. */
export function percent(probability: number): string {
  if (!Number.isFinite(probability)) return "–";
  const bounded = Math.min(1, Math.max(0, probability));
  if (bounded > 0 && bounded < 0.01) return `<1${NARROW}%`;
  if (bounded < 1 && bounded > 0.99) return `>99${NARROW}%`;
  return `${Math.round(bounded * 100)}${NARROW}%`;
}

/** A change with its sign, two decimals; a true minus, so that figures align. */
export function signed(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const rounded = Math.abs(value).toFixed(2);
  if (Number(rounded) === 0) return "0.00";
  return `${value < 0 ? "−" : "+"}${rounded}`;
}

/** A probability as a figure of a table: three decimals, never 0 or 1 for what is neither. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value > 0 && value < 0.0005) return "<0.001";
  if (value < 1 && value >= 0.9995) return ">0.999";
  return value.toFixed(3);
}

/** Bytes in decimal units, as disks and memory are sold. */
export function bytes(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} GB`;
  if (count >= 1e6) return `${Math.round(count / 1e6)} MB`;
  return `${Math.max(0, Math.round(count / 1e3))} kB`;
}

/** A span for people: rounded as coarsely as an estimate deserves. */
export function span(seconds: number): string {
  if (seconds < 1) return "under 1 s";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  const rest = Math.round((seconds % 60) / 5) * 5;
  if (rest === 60) return `${minutes + 1} min`;
  return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
}

/** An estimate in running words. */
export function roughly(seconds: number): string {
  return seconds < 1 ? span(seconds) : `about ${span(seconds)}`;
}

/** A measured time. */
export function measured(seconds: number): string {
  return seconds < 10 ? `${seconds.toFixed(1)} s` : span(seconds);
}

export function whole(count: number): string {
  return Math.round(count).toLocaleString("en-GB");
}

/** `1 slice`, `3 slices`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

/** Parameters of a model: `4.3 billion`. */
export function parameters(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} billion parameters`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} million parameters`;
  return `${whole(count)} parameters`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}

/** RFC 3339 to the clock of this machine, `10:42:07`; empty when it is no time. */
export function clock(at: string): string {
  const when = new Date(at);
  if (Number.isNaN(when.getTime())) return "";
  return `${two(when.getHours())}:${two(when.getMinutes())}:${two(when.getSeconds())}`;
}

/** RFC 3339 to `2026-01-05 10:42`; empty when it is no time. */
export function moment(at: string): string {
  const when = new Date(at);
  if (Number.isNaN(when.getTime())) return "";
  const day = `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`;
  return `${day} ${two(when.getHours())}:${two(when.getMinutes())}`;
}

/** Runs of slices, from 1, in the order given: `1–3, 7`. */
export function sliceRuns(slices: readonly number[]): string {
  const runs: string[] = [];
  for (let i = 0; i < slices.length; ) {
    const from = slices[i] as number;
    let last = i;
    while (slices[last + 1] === (slices[last] as number) + 1) last += 1;
    const to = slices[last] as number;
    if (last === i) runs.push(`${from}`);
    else runs.push(last === i + 1 ? `${from}, ${to}` : `${from}–${to}`);
    i = last + 1;
  }
  return runs.join(", ");
}

/** Words after one another, the last with `and`. */
export function listed(words: readonly string[]): string {
  if (words.length < 2) return words[0] ?? "";
  return `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}
