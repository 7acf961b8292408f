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

/** True when the tokens are the text: only then may they stand for it. */
export function spell(tokens: readonly ShownToken[], text: string): boolean {
  if (tokens.length === 0) return false;
  return (
    tokens
      .map((token) => token.text)
      .join("")
      .trim() === text.trim()
  );
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
