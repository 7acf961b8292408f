// Every sentence of the panels, in one place. Plain words; what to do follows what happened. A model answers, it does
// not find or diagnose; no sentence praises or condemns an answer.
import type { Agreement } from "../backend/generated/Agreement";
import type { AnswerForm } from "../backend/generated/AnswerForm";
import { bytes, counted, listed, percent, roughly, whole } from "./format";

export * from "./engine";

export const kit = {
  whatToDo: "What to do",
  tryAgain: "Try again",
  more: "Show more",
  less: "Show less",
  choose: "Choose",
  nothingFits: "Nothing fits.",
  remove: (name: string) => `Remove ${name}`,
  close: "Close",
} as const;

export const states = {
  title: "Presentation",
  asStored: "As stored",
  corner: (label: string) => `presentation ${label}`,
  elsewhere: (label: string) => `${label} is for other slices`,
  planes: (count: number) => (count === 1 ? "overlay" : `${count} overlays`),
  planesOff: (count: number) => `${count === 1 ? "overlay" : `${count} overlays`} off`,
  shutter: "shutter",
} as const;

export const notice = "Research use only. Not for diagnosis.";

export const reading = {
  weights: (hash: string) => `weights ${hash}`,
  panel: "Model",
  noSeries: "No series is open",
  noSeriesMore: "Open a series on the left; then choose what the model reads and what it is asked.",
  slices: "Slices",
  slicesRead: (runs: string) => `${/^\d+$/u.test(runs) ? "Slice" : "Slices"} ${runs}`,
  slicesModes: {
    this: "This slice",
    marked: "Marked",
    range: "Range",
    official: "Sampled",
    all: "All",
  },
  slicesMeaning: {
    this: (slice: number) => `Slice ${slice}, the one that is shown. It follows as you scroll.`,
    marked: (slices: string) => `Slices ${slices}.`,
    range: (count: number) => `${counted(count, "slice")}.`,
    official: "At most 85 slices, evenly through the volume, as the published recipe takes them.",
    all: (count: number) => `All ${counted(count, "slice")}.`,
  },
  rangeLabel: "Slices, from 1",
  rangeExample: "10-20, or 10-40/3, or 3,7,9",
  sliceProblem: {
    none_marked: "No slice is marked. Press K on a slice to mark it.",
    empty: "Write which slices, for example 10-20, 10-40/3 or 3,7,9.",
    unreadable: (part: string) => `“${part}” names no slices. Write for example 10-20, 10-40/3 or 3,7,9.`,
    zero: "Slices and steps count from 1.",
    backwards: (part: string) => `“${part}” runs backwards. Write the smaller slice first.`,
    beyond: (slice: number, count: number) => `Slice ${slice} does not exist; this series has ${count}.`,
  },
  clearMarked: "Unmark all",
  preprocess: "Preparation",
  preprocessDefault: "default for this series",
  see: "See what the model gets",
  hide: "Hide what the model gets",
  model: "Model",
  models: "Models",
  modelUnusable: "cannot be loaded",
  modelDemo: "bundled",
  modelReport: "What the folder holds",
  modelNoImages: "This model takes no images.",
  modelMemory: (need: number) => `${bytes(need)} to load`,
  question: "Question",
  ownQuestion: "My own question",
  templates: "Questions",
  templateFor: {
    one: "for one picture",
    two: "for two pictures, the earlier first",
    several: "for one or more slices",
    none: "without pictures",
  } as Readonly<Record<string, string>>,
  promptLabel: "Wording",
  promptPlaceholder: "Write the question",
  promptEdited: "The wording differs from the template.",
  promptRestore: "Restore the template's",
  form: "Answer",
  forms: {
    labels: "One of a list",
    yes_no: "Yes or no each",
    open: "Free text",
  } satisfies Record<AnswerForm, string>,
  labels: "Labels",
  addLabel: "Add a label",
  addLabelHint: "Enter adds it; several with commas",
  labelsEmpty: "No labels yet.",
  plan: "Cost",
  planning: "Working out what it will cost",
  planInput: (pictures: number, tokens: number, context: number | null) =>
    tokens === 0
      ? counted(pictures, "picture")
      : `${counted(pictures, "picture")} · ${reading.planTokens(tokens, context)}`,
  planTokens: (tokens: number, context: number | null): string =>
    context === null ? `${counted(tokens, "token")}` : `${whole(tokens)} of ${counted(context, "token")}`,
  planMemory: (need: number, free: number) => `${bytes(need)} of ${bytes(free)} free`,
  planTime: (seconds: number | null) =>
    seconds === null ? "not known yet on this machine" : roughly(seconds),
  planMostly: {
    load: "mostly loading",
    vision: "mostly looking",
    prefill: "mostly reading the question",
    decode: "mostly answering",
  },
  planGuess: "a guess, not measured here yet",
  planTokensName: "Input",
  planMemoryName: "Memory",
  planTimeName: "Time",
  planPrompt: "The prompt as the model gets it",
  planTooLong: "more than the model takes",
  planTooBig: "more than is free",
  refused: "It cannot be asked like this",
  ask: "Ask the model",
  askAgain: "Ask again",
  cancel: "Stop",
  cancelling: "Stopping",
  missing: {
    series: "Open a series first.",
    model: "Choose a model first.",
    unusable: "The chosen model cannot be loaded. Its report says why.",
    question: "Choose a question or write one.",
    labels: "Name at least two labels.",
    yesNo: "Name at least one label.",
    greedySamples: "Sampled answers need a temperature above 0: without one they are all the same.",
    samples: (most: number) => `At most ${most} answers can be sampled.`,
    duplicate: (label: string) => `“${label}” is listed twice.`,
    images: "The chosen model takes no images.",
  },
  progress: {
    waiting: "Starting",
    loading: (what: string, fraction: number) =>
      `${what === "" ? "Loading the model" : what.charAt(0).toUpperCase() + what.slice(1)}, ${Math.round(fraction * 100)} %`,
    preparing: (slice: number, of: number) => `Preparing slice ${slice} of ${of}`,
    vision: (slice: number, of: number, left: number | null) =>
      `Looking at slice ${slice} of ${of}${left === null ? "" : `, ${roughly(left)} left`}`,
    prefill: (done: number, of: number, left: number | null) =>
      `Reading the question, ${whole(done)} of ${counted(of, "token")}${left === null || left <= 0 ? "" : `, ${roughly(left)} left`}`,
    scoring: (done: number, of: number) => `Scoring label ${done} of ${of}`,
    writing: (words: number) => `Writing, ${counted(words, "word")} so far`,
    thinking: (tokens: number) => `Thinking, ${counted(tokens, "token")} so far`,
    thinkingHidden: "Thinking; nothing is shown until your own answer",
    sampling: (done: number, of: number) => `Sampling answers, ${done} of ${of}`,
    writingHidden: "Writing; the text is kept back until your own answer",
    steps: { loading: "Load", preparing: "Prepare", vision: "Look", prefill: "Read", answer: "Answer" },
    elsewhere: (series: string) => `The model is reading another series: ${series}.`,
  },
  stopped: "Stopped. The question and its settings are as they were.",
  failedTitle: "The model did not answer",
  withheld: "The model has answered. Its answer opens with yours.",
  you: "You",
  youFirst: "You first",
  modelColumn: "Model",
  truthColumn: "Truth",
  none: "none",
  noReading: "not asked",
  seeText: "text below",
  seeEach: "see each",
  notValid: "no valid answer",
  hiddenValue: "hidden",
  withheldCount: (count: number) => `${counted(count, "answer")} kept back`,
  agreement: {
    agree: "agrees with the truth",
    disagree: "differs from the truth",
    no_truth: "No truth is attached to this series.",
    not_comparable: "cannot be compared with the truth",
  } satisfies Record<Agreement, string>,
  barsLabels: "Probability among the listed answers",
  barsYesNo: "Probability of yes, each by itself",
  others: (count: number) => `${count} others`,
  yes: "yes",
  textAnswer: "Answer in words",
  invalid: {
    refusal: "The model declined to answer.",
    unparseable: "No answer can be made out in the text.",
    ambiguous: "The text gives more than one answer.",
    empty: "The model said nothing.",
    "out-of-set": "The answer is none of the labels asked for.",
    truncated: "The token limit was reached before the answer ended.",
  } as Readonly<Record<string, string>>,
  invalidTitle: "No valid answer",
  invalidOther: (kind: string) => `The answer is not valid: ${kind}.`,
  noConfidence: "No confidence is given.",
  noConfidenceFor: (reason: string) => `No confidence: ${reason}.`,
  eachConfidence: (kind: string) => `Each by itself: ${kind}.`,
  confidenceOf: (value: number, kind: string) => `Confidence ${percent(value)}: ${kind}.`,
  kindUnknown: "its kind is not known",
  showAll: "Show all",
  showLess: "Show less",
  provenance: "Where this answer comes from",
  seconds: (load: string, vision: string, prefill: string, decode: string) =>
    `load ${load}, look ${vision}, read ${prefill}, answer ${decode}`,
  timings: "Seconds",
  tokens: "Tokens",
  tokensInOut: (into: number, out: number) => `${whole(into)} in, ${whole(out)} out`,
  history: (count: number) => `${counted(count, "answer")} on this series`,
  asked: (at: string) => `asked ${at}`,
  caseFailed: "Answers and truth of this series could not be read",
  caseLoading: "Reading what is kept for this series",
  order: "Order",
} as const;

export const own = {
  title: "Your answer first",
  explain: "Blind mode: model and truth stay hidden until you commit.",
  add: "Your own answer",
  addMore: "Add your own answer",
  label: "Your answer",
  freeText: "Or in your words",
  choose: "From the list",
  giveConfidence: "Say how sure you are",
  confidence: "How sure",
  noConfidence: "Leave it out",
  sure: (value: number) => percent(value),
  commit: "Commit and reveal",
  commitPlain: "Keep my answer",
  change: "Change my answer",
  changeNote: "A change is kept beside the first answer; the first one stays.",
  keep: "Leave it as it is",
  nothing: "Choose a label or write your answer.",
  before: "before model and truth were seen",
  after: "after the reveal",
  later: (count: number) => `${counted(count, "later change")}`,
  given: (label: string, confidence: number | null) =>
    confidence === null ? label : `${label}, ${percent(confidence)} sure`,
  failed: "Your answer was not kept",
} as const;

/** Model and own answer against the truth, in one or two sentences. */
export function verdict(model: Agreement | null, you: Agreement | null, reason: string): string {
  if (model === "no_truth" || (model === null && you === "no_truth")) return reading.agreement.no_truth;
  const parties: [string, Agreement][] = [];
  if (model !== null) parties.push(["Model", model]);
  if (you !== null && you !== "no_truth") parties.push(["You", you]);
  if (parties.length === 2 && parties[0]?.[1] === parties[1]?.[1] && parties[0]?.[1] !== "not_comparable") {
    return parties[0]?.[1] === "agree"
      ? "Model and truth agree. You and truth agree."
      : "Model and truth differ. You and truth differ.";
  }
  const sentences = parties.map(([who, how]) => {
    if (how === "agree") return `${who} and truth agree.`;
    if (how === "disagree") return `${who} and truth differ.`;
    const why = who === "Model" && reason !== "" ? `: ${reason.replace(/\.$/, "")}` : "";
    return `${who} and truth cannot be compared${why}.`;
  });
  return sentences.join(" ");
}

export const input = {
  title: "What the model gets",
  sent: "Prepared",
  seen: "As the model sees it",
  sentMeaning: "After the preparation, before the model's own resize",
  seenMeaning: "After the model's own resize: the pixels its vision tower takes",
  previous: "Previous picture",
  next: "Next picture",
  at: (k: number, of: number) => `Picture ${k} of ${of}`,
  slice: (slice: number) => `slice ${slice}`,
  earlier: (slice: number) => `earlier examination, slice ${slice}`,
  resize: (width: number, height: number, side: number | null) =>
    side === null ? `${width} × ${height}` : `${width} × ${height} → ${side} × ${side}`,
  none: "No picture yet",
  noneMore: "It appears when series, slices, model and question are chosen.",
  textOnly: "This question goes without pictures.",
  failed: "This picture could not be made. Change the slices or the preparation, or try again.",
  alt: (slice: number) => `Slice ${slice} as the model gets it`,
  stale: "Being made anew",
} as const;

export const truth = {
  table: "Truth table",
  noSeries: "No series is open",
  noSeriesMore: "Open a series to see or write its truth.",
  attach: "Attach a truth table…",
  attachMore: "CSV or JSON with a label for each series or study. It is read, not changed.",
  attaching: "Reading the table",
  attachFailed: "The table was not attached",
  matched: (matched: number, rows: number) =>
    `${counted(matched, "series", "series")} here got a truth, from ${counted(rows, "row")}.`,
  allMatched: "Every row matched.",
  unmatched: (count: number) => `${counted(count, "row")} matched nothing here`,
  current: "Truth of this series",
  none: "No truth is attached",
  noneMore: "Attach a table, or write the truth and where it comes from.",
  from: (source: string, at: string) => (source === "" ? `since ${at}` : `${source}, since ${at}`),
  noSource: "source not given",
  type: "Write it",
  correct: "Correct it",
  label: "Truth",
  source: "Where it comes from",
  sources: ["Biopsy", "Report", "Follow-up", "Panel of readers"],
  save: "Keep the truth",
  remove: "Take it away",
  removed: "The truth was taken away; the record keeps it.",
  saved: (at: string) => `Kept ${at}`,
  undo: "Bring it back",
  failed: "The truth was not kept",
  hidden: "The truth stays hidden",
  hiddenMore:
    "Blind mode: it opens with your own answer, in the Model panel. A table can be attached meanwhile.",
  toAnswer: "Give my answer",
  needLabel: "Write the truth first.",
  needSource: "Say where it comes from.",
} as const;

export const review = {
  form: "File this disagreement",
  amend: (version: number) => `Change the filed review, version ${version}`,
  score: "RADPEER 2016",
  noScore: "not scored",
  clearScore: "Take the score away",
  classes: "What went wrong",
  groups: { reader: "With the reader", model: "With the model" } as Readonly<Record<string, string>>,
  comment: "Comment",
  commentPlaceholder: "What was missed or misread, and where",
  marks: (count: number, slices: string) =>
    count === 0
      ? "No marks on this series yet."
      : `${counted(count, "mark")} on ${slices.includes(",") || slices.includes("–") ? "slices" : "slice"} ${slices} ${count === 1 ? "goes" : "go"} with it.`,
  state: "State",
  states: { open: "Open", closed: "Closed" } as Readonly<Record<string, string>>,
  file: "File for review",
  fileChanges: "File the changes",
  filing: "Filing",
  filed: (at: string, version: number) => `Saved ${at}, version ${version}.`,
  unsaved: "Not filed yet.",
  changed: "Changed since it was filed.",
  another: "New review of this series",
  failed: "The review was not filed",
  hidden: "Commit your own answer first",
  hiddenMore: "Blind mode: a disagreement can be filed once model and truth are open.",
  noSeries: "No series is open",
  noSeriesMore: "Open a series to file a disagreement, or go back to a filed one below.",
  toAnswer: "Give my answer",
  vocabularyFailed: "Scores and error classes could not be read",
  list: (count: number) => `Filed, ${whole(count)}`,
  listEmpty: "Nothing is filed yet",
  listEmptyMore: "Reviews appear here and open again at their slice, window and marks.",
  listFailed: "Filed reviews could not be read",
  find: "Find in reviews",
  shows: { open: "Open", closed: "Closed", all: "All" },
  nothingFits: (query: string) =>
    query === "" ? "No review is in this state." : `No review holds “${query}”.`,
  reopen: (title: string) => `Go back to ${title}`,
  elsewhere: (folder: string) => `opens folder ${folder}`,
  lost: "its folder is not known",
  toScore: "to score",
  answer: { model: "model", truth: "truth", you: "you" },
  exportTitle: "Export the list",
  exportFormats: { csv: "CSV", json: "JSON" },
  exportTo: "Export to…",
  exportHome: "Export to the home folder",
  exported: (rows: number, place: string) => `${counted(rows, "row")} written to ${place}`,
  exportFailed: "The list was not written",
  report: "Write this case as a page",
  reported: (place: string) => `Case written to ${place}`,
  reportFailed: "The case was not written",
} as const;

export const settings = {
  title: "Settings",
  blind: "Blind mode",
  blindMore: "Your own answer first; then model and truth open. The order is kept.",
  reader: "Reader's name",
  readerMore: "Answers and reviews are filed under it.",
  readerPlaceholder: "Name or initials",
  identity: "Hide names and identifiers",
  identityMore: "On the screen. Exports carry UIDs, never a name. The files stay as they are.",
  drag: "Window by dragging",
  dragUp: "Up brightens",
  dragDown: "Up darkens",
  dragMore: "Sideways changes the width.",
  interpolation: "Enlarged pictures",
  smooth: "Smooth",
  pixels: "Pixels",
  smoothMore: "Smooth looks even; Pixels shows each value as a square. Measurements are the same.",
  version: (version: string) => `Overread ${version}`,
} as const;

export const objects = {
  report: "Report",
  readReport: "Read",
  saveDocument: "Save a copy",
  showLayer: "Show over series",
  hideLayer: "Shown over series; hide",
  noSeries: "Its series is not in this study",
  opening: "Opening…",
  saved: (place: string) => `A copy is at ${place}.`,
  notOpen: "The image that the report names is not open.",
  imageNotOpen: "image not open here",
  fitsNothing:
    "No open series has the images it names, or lies in the same frame of reference. Open that series first.",
  unverified: "not verified",
  verified: "verified",
  noPatient: "No patient is named",
  noDate: "no study date",
  otherPatient: "Another patient than the picture in the active viewport",
  otherStudy: "Another study than the picture in the active viewport",
  partial: "partial",
  preliminary: "preliminary",
  written: "Written",
  author: "By",
  verifier: "Verified by",
  unreadable: "This object cannot be read.",
  empty: "There is nothing in this report.",
  cut: "The report goes on; it is too long to be shown whole.",
  source: "As stored in the file. Not written or checked by Overread.",
  legend: "Stored objects over this series",
  layers: (count: number) => `${counted(count, "object")} shown`,
  notHere: "not on this slice",
  allParts: "All parts on or off",
  away: "not drawn (key O)",
  switchOff: (name: string) => `Hide ${name}`,
  stored: (kind: string) => `${kind.charAt(0).toUpperCase()}${kind.slice(1)} as stored, not a measurement.`,
} as const;

/** Names of model, truth and reader for lists. */
export const parties = (words: readonly string[]): string => listed(words);
