// A running check in words.
import type { CheckProgress } from "../../model/checks.svelte";
import { checks as text } from "../../text/en";

export function checkWords({ phase, what, done, of, secondsLeft }: CheckProgress): string {
  switch (phase) {
    case "waiting":
      return text.waiting;
    case "loading":
      return text.loading(what, done);
    case "asking":
      return text.asking(what, done, of, secondsLeft);
  }
}
