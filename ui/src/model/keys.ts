// Keys by name, as the sheet prints them and as events say them.

/** What of a keyboard event counts. */
export interface KeyPress {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

/**
 * The name of a pressed key: `Ctrl+Z`, `Shift+F`, `7`, `~`, `ArrowUp`. Ctrl and Command are one. Digits go by the place
 * of the key as well, so that rows of digits that need Shift serve too; other signs go by the sign alone.
 */
export function keyName(event: KeyPress): string {
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1];
  const isDigit = /^\d$/.test(event.key);
  const isLetter = event.key.length === 1 && event.key.toLowerCase() !== event.key.toUpperCase();
  const isSign = event.key.length === 1 && !isDigit && !isLetter && event.key !== " ";
  let name = event.key;
  if (isDigit) name = event.key;
  else if (digit !== undefined && event.shiftKey) name = digit;
  else if (isLetter) name = event.key.toUpperCase();
  else if (event.key === " ") name = "Space";
  const signs = isSign && name === event.key;
  const parts: string[] = [];
  if (event.ctrlKey || event.metaKey) parts.push("Ctrl");
  if (event.altKey) parts.push("Alt");
  if (event.shiftKey && !signs && !isDigit) parts.push("Shift");
  return [...parts, name].join("+");
}

const PRINTED: Readonly<Record<string, string>> = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  PageUp: "Page ↑",
  PageDown: "Page ↓",
  Escape: "Esc",
  Delete: "Del",
};

/** A key name for people. */
export function printedKey(name: string): string {
  return name
    .split(/\+(?=.)/)
    .map((part) => PRINTED[part] ?? part)
    .join(" ");
}
