// Sentences about models, the ways of asking, and the checks of an answer. Kinds of numbers are always named: a score
// among listed labels is no chance of a disease.
import type { CheckKind } from "../backend/generated/CheckKind";
import type { KnownState } from "../backend/generated/KnownState";
import type { PrecisionName } from "../backend/generated/PrecisionName";
import type { CheckObstacle } from "../model/checks.svelte";
import type { ContentChoice, ScoreKind } from "../model/options";
import { NO_CHANGE } from "../model/strip";
import { bytes, counted, percent, roughly, signed, sliceRuns, whole } from "./format";

export const models = {
  panel: "Models",
  use: "In use",
  choose: "Model",
  loading: "Reading the list of models",
  failed: "The list of models could not be read",
  changeFailed: "The change was not taken",
  guideTitle: "No model of your own yet",
  guide: [
    "Overread reads with MedGemma and MedSigLIP models that are on this machine. Nothing is downloaded by itself.",
    "Get the files from their publisher, whose terms you accept there, and put them into one folder. Below is what each model needs.",
    "Then choose that folder, or a GGUF file made from it. The bundled demo model shows how everything works; it knows made phantoms only.",
  ],
  chooseFolder: "Choose a folder…",
  chooseFile: "Choose a GGUF file…",
  looking: "Looking into it",
  unusable: "cannot be used",
  unusableWhy: "This cannot be used as a model. What it holds says why.",
  loaded: "in memory now",
  demo: "bundled",
  ownQuestion: (prompt: string) => `It was made to be asked: ${prompt}`,
  takeQuestion: "Ask this",
  noImages: "takes no images",
  report: "What it holds",
  limits: "Know before you ask",
  manage: "Models: add, choose, set up",
  remove: "Take off the list",
  removed: (name: string) => `${name} is off the list; its files stay.`,
  bringBack: "Bring it back",
  memoryNeed: (need: number) => `${bytes(need)} in memory`,
  precision: "Precision",
  precisionMeaning: {
    f32: "exact, the slowest",
    bf16: "as published",
    q8_0: "8 bits a weight",
    q4_k: "4 bits a weight",
  } satisfies Record<PrecisionName, string>,
  precisionNames: {
    f32: "Float32",
    bf16: "Bfloat16",
    q8_0: "q8_0",
    q4_k: "q4_k",
  } satisfies Record<PrecisionName, string>,
  proposed: "proposed",
  byMemory: "By memory",
  byMemoryMore: (name: string) => `takes ${name} now`,
  tooBig: "more than is free",
  device: "Computes on",
  devices: {
    "": "As set up",
    cpu: "This processor",
    cuda: "NVIDIA card",
    metal: "Apple GPU",
  } as Readonly<Record<string, string>>,
  deviceNow: (device: string) => `Now: ${device}.`,
  adapter: "Adapter",
  noAdapter: "None",
  noAdapterMore: "the model as published",
  addAdapter: "Add an adapter folder…",
  adapterUnusable: "does not fit",
  adapterImages: "changes how pictures are encoded, so they are encoded anew",
  removeAdapter: (name: string) => `Take ${name} off the list`,
  merge: "Merge into the weights",
  mergeMore:
    "A little faster to answer; switching adapters then loads the model again. Off keeps it beside them.",
  known: "Models that Overread knows",
  knownMore: "Nothing is downloaded by itself.",
  knownFailed: "The known models could not be read",
  states: {
    here: "here",
    incomplete: "incomplete",
    not_here: "not here",
  } satisfies Record<KnownState, string>,
  stateShapes: { here: "●", incomplete: "▲", not_here: "○" } satisfies Record<KnownState, string>,
  families: {
    medgemma: "Answers questions",
    medsiglip: "Scores labels",
    demo: "Shows how it works",
  } as Readonly<Record<string, string>>,
  publishedAs: (name: string, publisher: string) =>
    name === "" ? publisher : publisher === "" ? name : `${name}, by ${publisher}`,
  terms: "Terms",
  termsAt: (place: string) => `In full: ${place}`,
  memory: "Memory",
  files: "Files",
  fileNeeded: "needed",
  fileOptional: "if there",
  howTo: "How to get it",
  advice: "How to ask it",
  preparation: "Preparation by modality",
  published: "What others published",
  publishedNote: "Their figures, under their conditions; not measured here.",
  useThis: "Use it",
  thinking: (when: string) =>
    when === "never" ? "" : when === "unasked" ? "Thinks before it answers." : "Thinks when it is asked to.",
  classify: (name: string) =>
    `${name} is here too. It is made for scoring labels, and its publisher recommends it over MedGemma for that.`,
  useInstead: (name: string) => `Use ${name}`,
} as const;

export const options = {
  title: "Options",
  none: "as usual",
  changed: (count: number) => `${whole(count)} changed`,
  reset: "All as usual",
  pictures: "Pictures",
  scoring: "Scoring",
  writing: "Writing",
  prior: "Earlier examination",
  priorNone: "None",
  priorMore: "Its pictures go before these, in the same question.",
  priorSlices: "Its slices",
  priorMiddle: "the middle one",
  otherPatient: "may be another patient",
  panAndScan: "Pan and scan",
  panAndScanMore:
    "Adds crops of wide or tall pictures, so that less is lost in the square. More pictures, more time.",
  pad: "Pad to a square",
  padMore:
    "Keeps proportions with black borders. Usually pictures are stretched to the square, as in training.",
  normalise: "Compare labels by",
  normalises: { sum: "Whole label", mean: "Per token" },
  normaliseMore: {
    sum: "The likelihood of the whole label: long labels tend to score lower.",
    mean: "The mean likelihood of a token: label length counts less.",
  },
  content: "Without-content correction",
  contents: {
    off: "Off",
    pmi_grey: "Take off what grey pictures give",
    pmi_none: "Take off what no pictures give",
    calibrate_grey: "Divide by what grey pictures give",
    calibrate_none: "Divide by what no pictures give",
  } satisfies Record<ContentChoice, string>,
  contentMore: {
    off: "Labels that are likely by themselves keep that advantage.",
    pmi_grey: "Only what the picture adds to a label counts (pointwise mutual information).",
    pmi_none: "Only what pictures add to a label counts (pointwise mutual information).",
    calibrate_grey: "Probabilities are divided by those over grey pictures (contextual calibration).",
    calibrate_none: "Probabilities are divided by those without pictures (contextual calibration).",
  } satisfies Record<ContentChoice, string>,
  permutations: "Orders of the list",
  permutationsMore:
    "Lists the labels as lettered options and averages over so many orders: takes the bias for a place away. 0: no lettered list.",
  noneOption: "None of these",
  noneOptionMore: "Adds a label for “none of them”, so that the sum is not forced onto the list.",
  noneText: "None of these",
  noneTextLabel: "Its wording",
  spellings: "Other spellings count",
  spellingsMore: "Capitals and a leading space are tried too; the likeliest counts.",
  calibration: "Calibration file",
  calibrationNone: "None: probabilities are uncalibrated.",
  calibrationPick: "Choose…",
  calibrationClear: "Take it away",
  calibrationMore: "Fitted on your own cases. It is refused where model, question or labels differ.",
  pairing: "Scored by",
  pairings: { by_form: "Sigmoid each", positive_negative: "Pairs" },
  pairingMore: {
    by_form: "Each label by itself, from its own sigmoid.",
    positive_negative: "Each label against its absence in words.",
  },
  maxTokens: "Most tokens to write",
  temperature: "Temperature",
  temperatureMore: "0 takes the likeliest word each time; above 0 the answer is drawn.",
  topK: "Likeliest tokens to draw from",
  topKMore: "0: the model's own.",
  topP: "Probability mass to draw from",
  topPMore: "0: the model's own.",
  seed: "Seed",
  seedMore: "The same seed draws the same answer.",
  samples: "Answers to compare",
  samplesMore: "Draws so many answers and says how many agree. Needs a temperature above 0. 0: one answer.",
  pTrue: "Ask whether it is true",
  pTrueMore: "Asks the model for its own word on its answer, P(True). It is no measure of being right.",
  thinkBudget: "Most tokens to think",
  thinkBudgetMore: "For models that think first. Empty: no bound but the answer's.",
  boxes: "Read boxes from the answer",
  boxesMore: "Boxes in the text are drawn on their slice, marked as the model's.",
} as const;

/** How a score comes about, beside the choice of the answer's form. */
export const scoreKinds: Readonly<Record<ScoreKind, string>> = {
  softmax: "Each label gets its probability among those listed.",
  yes: "Each label gets a probability of yes, by itself.",
  siglip_softmax: "MedSigLIP: softmax over the set. The scores add up to one, also when none of them fits.",
  siglip_sigmoid: "MedSigLIP: a sigmoid each. The scores are low throughout; compare them, do not add them.",
  siglip_pairs: "MedSigLIP: each label against its absence, a softmax over the pair.",
  none: "The model writes. There is no probability to a text.",
};

export const thoughts = {
  title: (tokens: number) => `Thought, ${counted(tokens, "token")}`,
  titleWords: (words: number) => `Thought, ${counted(words, "word")}`,
  note: "These words are no explanation of the answer; they can be wrong where it is right.",
} as const;

export const answers = {
  numbers: "All numbers",
  numbersNote:
    "By whole label and per token: the same likelihoods before any correction. Log-likelihoods are natural logarithms.",
  columns: {
    label: "Label",
    probability: "p",
    sum: "by sum",
    mean: "by token",
    log: "log L",
    logToken: "log L/token",
    tokens: "tokens",
    without: "without content",
  },
  comparison: "How labels were compared",
  tokens: "Word by word",
  token: (text: string, probability: number) => `“${text.trim()}”: ${percent(probability)}`,
  tokenHint: "Point at a word, or use the arrow keys, for its probability.",
  tokensLikely: "The model held every word likely.",
  tokensLowest: (list: string) => `Least likely words: ${list}.`,
  samples: (most: number, of: number) => {
    if (most === 0) return `None of ${counted(of, "sampled answer")} can be counted`;
    return most === 1 && of > 1
      ? `No two of ${counted(of, "sampled answer")} agree`
      : `${most} of ${counted(of, "sampled answer")} agree`;
  },
  samplesKind: "Agreement of samples: how steady the model is, not how right.",
  samplesRule: (rule: string) => `The same when: ${rule}.`,
  votes: "Votes",
  pTrue: "P(True)",
  pTrueKind: (wording: string) =>
    `The model's own word on its answer, uncalibrated${wording === "" ? "" : ` (${wording})`}.`,
  boxes: (count: number) => counted(count, "box", "boxes"),
  boxesBy: "Drawn by the model, not found by a reader.",
  boxesShow: "Show on the picture",
  box: (label: string) => `Model: ${label}`,
  boxSlice: (slice: number | null) => (slice === null ? "slice not given, not drawn" : `slice ${slice}`),
  boxesNone: "Boxes were asked for; the answer holds none.",
  ended: (how: string) => `Ended: ${how}.`,
} as const;

export const checks = {
  title: "Checks of this answer",
  more: "Each asks the model again and is kept with the answer.",
  names: {
    looking: "Is it looking?",
    which_slices: "Which slices?",
    recipes: "Recipe check",
  } satisfies Record<CheckKind, string>,
  meaning: {
    looking: "The same question over a blank, a noise, a mirrored and another patient's picture.",
    which_slices: "The same question with slices left out, group by group.",
    recipes: "The same pictures under every preparation that fits.",
  } satisfies Record<CheckKind, string>,
  start: { looking: "Check", which_slices: "Check", recipes: "Check" } satisfies Record<CheckKind, string>,
  again: "Check again",
  startName: (name: string, again: boolean) => `${name} ${again ? "Check again" : "Check"}`,
  obstacles: {
    not_kept: "This answer was kept without its question; ask again to check it.",
    siglip: "A MedSigLIP reads no prompt; checks are for models that do.",
    open: "This check compares probabilities of labels. Ask for one of a list, or yes or no each.",
    invalid: "There is no answer to compare.",
    no_picture: "The question went without pictures.",
    one_slice: "One slice was read; there is nothing to leave out.",
    one_recipe: "Only one preparation fits this series.",
  } satisfies Record<CheckObstacle, string>,
  waiting: "Starting",
  loading: (what: string, fraction: number) =>
    `${what === "" ? "Loading the model" : capital(what)}, ${Math.round(fraction * 100)} %`,
  asking: (what: string, done: number, of: number, left: number | null) =>
    `${capital(what)}, ${done} of ${of}${left === null ? "" : `, ${roughly(left)} left`}`,
  none: (why: string) => `None can be made of this one. ${why}`,
  elsewhere: "Another answer is being checked.",
  stopped: "Stopped. Nothing was kept.",
  failed: "The check was not made",
  made: "How it was made",
  at: (at: string, count: number) => (count > 1 ? `${at}, the newest of ${count}` : at),
  picture: "Picture",
  pictures: {
    answer: "this image",
    blank: "blank",
    noise: "noise",
    mirrored: "mirror",
    other_patient: "other patient",
  } as Readonly<Record<string, string>>,
  answer: "Answer",
  shift: "shift",
  shiftNote: (measure: string) => `Shift by ${measure}, 0 to 1.`,
  recipe: "Preparation",
  flips: "other answer",
  same: "same answer",
  asAsked: "as asked",
  strip: "Which slices speak for the answer",
  stripAt: (slices: readonly number[], change: number, label: string) =>
    `Without ${slices.length === 1 ? "slice" : "slices"} ${sliceRuns(slices)}: ${signed(change)} log-odds of “${label}”`,
  stripNote: "Left of the line: without these slices the answer is weaker, so they spoke for it.",
  stripWay: (change: number) =>
    Math.abs(change) < NO_CHANGE ? "no change" : change < 0 ? "they spoke for it" : "they spoke against it",
  logOdds: (label: string, value: number) => `Log-odds of “${label}” with all slices: ${signed(value)}`,
  slices: "Slices",
  change: "change",
  beside: "The strip beside the scroll bar shows them; key A hides it.",
} as const;

export const encoding = {
  setting: "Encode pictures when a series is opened",
  settingMore:
    "The chosen model looks at the slices ahead of any question, so that the first answer comes sooner. Uses the processor; every question goes first.",
  loading: "Encoding ahead: loading the model",
  at: (done: number, of: number, left: number | null) =>
    `Encoding ahead ${done} of ${of}${left === null ? "" : `, ${roughly(left)}`}`,
  waiting: "Encoding ahead waits for a question",
  stop: "Stop encoding ahead",
} as const;

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
