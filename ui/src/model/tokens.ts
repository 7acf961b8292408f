// The probabilities of an answer's words, for display: how strong a line below each is, which ones were least likely.
import type { ShownToken } from "../backend/generated/ShownToken";

/** Steps of the line below a word, none included. */
export const STRENGTHS = 4;

/** 0 (no line) to 4 (strongest): the less likely, the stronger. What the model held likely stays plain text. */
export function strengthOf(probability: number): number {
  if (!Number.isFinite(probability) || probability >= 0.9) return 0;
  if (probability >= 0.7) return 1;
  if (probability >= 0.4) return 2;
  return probability >= 0.15 ? 3 : STRENGTHS;
}

/** What stands in a token's text for bytes that are no character by themselves. */
const PART = "\ufffd";

/** Control tokens are generated, but are no part of the text. */
const MARK = /^<[^\s<>]+>$/;

interface Run {
  /** `null` for bytes of characters that no token holds whole. */
  readonly text: string | null;
  readonly probability: number;
}

/** Tokens, those that share characters as one. */
function runsOf(tokens: readonly ShownToken[]): Run[] {
  const runs: Run[] = [];
  for (const { text, probability } of tokens) {
    const before = runs.at(-1);
    if (!text.includes(PART)) runs.push({ text, probability });
    else if (before?.text === null)
      runs[runs.length - 1] = { text: null, probability: before.probability * probability };
    else runs.push({ text: null, probability });
  }
  return runs;
}

/** What a run is of the rest of a text; `null` when it does not begin it. White space at the end may be missing. */
function pieceOf(run: Run, next: Run | undefined, rest: string): string | null {
  if (run.text !== null) {
    if (rest.startsWith(run.text)) return run.text;
    if (run.text.trimEnd() === rest) return rest;
    return MARK.test(run.text) ? "" : null;
  }
  const end = next?.text === undefined || next.text === null ? rest.length : rest.indexOf(next.text);
  return end < 0 ? null : rest.slice(0, end);
}

/**
 * The tokens as they spell the text; `null` where they do not: only then may they stand for it. Tokens that share a
 * character become one, whose probability is theirs multiplied. White space at the ends does not count.
 */
export function spelled(tokens: readonly ShownToken[], text: string): readonly ShownToken[] | null {
  const out: ShownToken[] = [];
  let rest = text.trim();
  const runs = runsOf(tokens);
  for (const [i, run] of runs.entries()) {
    const first = out.length === 0 && run.text !== null ? { ...run, text: run.text.trimStart() } : run;
    const piece = pieceOf(first, runs[i + 1], rest);
    if (piece === null) return null;
    if (piece !== "") out.push({ text: piece, probability: run.probability });
    rest = rest.slice(piece.length);
  }
  return rest === "" && out.length > 0 ? out : null;
}

/** The least likely tokens that hold a letter or a figure, least likely first, in their place among all. */
export function leastLikely(
  tokens: readonly ShownToken[],
  most: number,
): { token: ShownToken; at: number }[] {
  return tokens
    .map((token, at) => ({ token, at }))
    .filter(({ token }) => strengthOf(token.probability) > 0 && /[\p{L}\p{N}]/u.test(token.text))
    .sort((a, b) => a.token.probability - b.token.probability || a.at - b.at)
    .slice(0, most);
}

/** The next token with words from a place, by a step of 1 or -1; the place itself where there is none. */
export function nextWord(tokens: readonly ShownToken[], from: number, step: 1 | -1): number {
  for (let at = from + step; at >= 0 && at < tokens.length; at += step) {
    if (tokens[at]?.text.trim() !== "") return at;
  }
  return Math.max(0, Math.min(tokens.length - 1, from));
}
