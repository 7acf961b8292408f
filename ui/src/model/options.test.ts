import { describe, expect, it } from "vitest";
import {
  changedOptions,
  contentChoice,
  contentOptions,
  NO_OPTIONS,
  type OptionFacts,
  scoreKind,
  sentOptions,
  withTemplate,
} from "./options";

const list: OptionFacts = { form: "labels", siglip: false, textOnly: false };
const words: OptionFacts = { form: "open", siglip: false, textOnly: false };

describe("what is sent of the options", () => {
  it("is nothing while all is as usual", () => {
    expect(sentOptions(NO_OPTIONS, list)).toBeUndefined();
    expect(sentOptions({ ...NO_OPTIONS, priors: [], stops: [] }, words)).toBeUndefined();
  });

  it("is only what counts for the question: what was set for writing does not follow into a list", () => {
    const set = { ...NO_OPTIONS, samples: 5, p_true: true, normalise: "mean" as const };
    expect(sentOptions(set, list)).toEqual({ ...NO_OPTIONS, normalise: "mean" });
    expect(sentOptions(set, words)).toEqual({ ...NO_OPTIONS, samples: 5, p_true: true });
    expect(changedOptions(set, words)).toEqual(["samples", "p_true"]);
  });

  it("leaves pictures alone in a question without pictures", () => {
    const set = { ...NO_OPTIONS, pan_and_scan: true };
    expect(sentOptions(set, { ...list, textOnly: true })).toBeUndefined();
    expect(sentOptions(set, list)).toMatchObject({ pan_and_scan: true });
  });

  it("gives a MedSigLIP its pairing and calibration, and nothing of a prompt", () => {
    const set = {
      ...NO_OPTIONS,
      pairing: "positive_negative" as const,
      permutations: 4,
      none_option: "none",
    };
    const yesNo: OptionFacts = { form: "yes_no", siglip: true, textOnly: false };
    expect(sentOptions(set, yesNo)).toEqual({ ...NO_OPTIONS, pairing: "positive_negative" });
    expect(sentOptions(set, { ...yesNo, form: "labels" })).toBeUndefined();
  });
});

describe("a template", () => {
  it("brings boxes along where it asks for them, takes them away where not, and leaves the rest", () => {
    const set = { ...NO_OPTIONS, samples: 3 };
    const boxes = withTemplate(set, { answer: "open", text: "Where is it? The object needs a box_2d key." });
    expect(boxes).toMatchObject({ boxes: true, samples: 3 });
    expect(withTemplate(boxes, { answer: "open", text: "Describe it." })).toMatchObject({
      boxes: false,
      samples: 3,
    });
  });
});

describe("the correction without content", () => {
  it("is one choice on the screen and two fields on the wire, and comes back as it went", () => {
    for (const choice of ["off", "pmi_grey", "pmi_none", "calibrate_grey", "calibrate_none"] as const) {
      const fields = contentOptions(choice);
      expect(contentChoice(fields)).toBe(choice);
      expect([fields.pmi, fields.calibrate].filter((value) => value !== null).length).toBe(
        choice === "off" ? 0 : 1,
      );
    }
  });
});

describe("the kind of a score", () => {
  it("is named for each model and form", () => {
    expect(scoreKind(list, "by_form")).toBe("softmax");
    expect(scoreKind(words, "by_form")).toBe("none");
    const siglip: OptionFacts = { form: "yes_no", siglip: true, textOnly: false };
    expect(scoreKind(siglip, "by_form")).toBe("siglip_sigmoid");
    expect(scoreKind(siglip, "positive_negative")).toBe("siglip_pairs");
    expect(scoreKind({ ...siglip, form: "labels" }, "positive_negative")).toBe("siglip_softmax");
  });
});
