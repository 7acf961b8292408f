// Sentences that stand in more than one place.
import type { Agreement } from "../backend/generated/Agreement";

/** How a reading stands to the truth, shape and word. */
export function agreementWords(agreement: Agreement): string {
  switch (agreement) {
    case "agree":
      return "= Model and truth agree";
    case "disagree":
      return "◇ Model and truth differ";
    case "no_truth":
      return "– No truth attached";
    case "not_comparable":
      return "≠ Not comparable";
  }
}
