// Every sentence of the Tune view, in one place. A tuned model is said to be better or worse only beside its interval.
import type { Best } from "../backend/generated/Best";
import type { ScheduleName } from "../backend/generated/ScheduleName";
import type { Target } from "../backend/generated/Target";
import { counted, roughly, span, whole } from "./format";

/** What a number may be; the model's rules fit it. */
interface Allowed {
  readonly low: number;
  readonly high: number;
  readonly aboveLow?: boolean;
  readonly belowHigh?: boolean;
  readonly whole?: boolean;
}

function allowed({ low, high, aboveLow, belowHigh, whole: isWhole }: Allowed): string {
  const what = isWhole === true ? "A whole number" : "A number";
  const from = aboveLow === true ? `above ${whole(low)}` : `from ${whole(low)}`;
  if (!Number.isFinite(high))
    return aboveLow === true ? `${what} ${from}.` : `${what}, ${whole(low)} or more.`;
  const to = belowHigh === true ? `below ${whole(high)}` : whole(high);
  return aboveLow === true ? `${what} ${from} and up to ${to}.` : `${what} ${from} to ${to}.`;
}

export const TARGETS: Readonly<Record<Target, readonly [string, string]>> = {
  answer: ["Answer", "The true answer to the set’s question: label, yes or no, option, accepted words."],
  findings: ["Findings", "The true findings as the set words them: the first stage of a pipeline."],
};

export const SCHEDULES: Readonly<Record<ScheduleName, string>> = {
  cosine: "cosine to 0",
  linear: "linear to 0",
  constant: "constant",
};

export const BESTS: Readonly<Record<Best, readonly [string, string]>> = {
  loss: ["Loss", "The lowest loss on the validation split: it moves even where few cases change sides."],
  figure: ["Figure", "The task’s own first figure on the validation split, such as accuracy."],
};

/** Groups of maps that an adapter can stand beside. */
export const GROUPS: readonly (readonly [string, string, string])[] = [
  [
    "decoder",
    "Language model",
    "Attention and MLP of every layer; the image tower stays as it is and runs once a picture.",
  ],
  ["attention", "Its attention", "q, k, v and o of every layer of the language model."],
  ["mlp", "Its MLP", "Gate, up and down of every layer of the language model."],
  ["tower", "Image tower", "It runs anew at every step: slow."],
  [
    "all-linear",
    "Every linear map",
    "Language model and image tower, as published; the tower runs anew at every step: slow.",
  ],
];

export const tuning = {
  section: "Tune",
  form: "What is learned, and from what",
  whole: "Whole splits are taken: filters do not hold here.",
  model: "Base model",
  modelNone: "No model here can be tuned",
  modelNote: "Its weights stay as they are; what is learned lies beside them. A MedSigLIP is not tuned here.",
  modelsFailed: "The models could not be listed",
  name: "Name of the adapter",
  nameTitle: "Its folder, beside the case set. A stopped run of the same name is taken up.",
  nameNote: (folder: string) => `Kept in ${folder}, beside the case set.`,
  stoppedName: (step: number, of: number) =>
    `Stopped after step ${whole(step)} of ${whole(of)}; it is taken up when model, cases and settings are the same.`,
  split: "Learn from",
  validation: "Judge on",
  splitTitle: "The cases that the adapter is learned from.",
  validationTitle:
    "Cases of other patients: they choose the best state and tell when to stop. Never the test split.",
  noValidation: "Nothing",
  noValidationMore: "The last state is taken, and no figures are shown.",
  splitsWait: "Counting cases",
  cases: (count: number) => counted(count, "case"),
  target: "What is learned",
  prompt: "Wording of the question",
  promptExample: "As the case set asks it",
  promptTitle:
    "Replaces the case set’s question in every example. Leave it empty to learn the question that is evaluated.",
  recipe: "Recipe",
  ours: "Ours",
  oursTitle: "Language model only, three passes, cosine, early stop: fits a small set on one machine.",
  published: "Published",
  publishedTitle:
    "The published notebook’s: every linear map, one pass, 2e-4 falling straight, clipped at 0.3. Its embedding and head are not learned here.",
  own: "Settings of your own",
  settings: "Settings",
  groups: {
    adapter: "Adapter (LoRA)",
    steps: "Steps",
    optimiser: "Optimiser (AdamW)",
    judging: "Judging",
    machine: "Machine",
  },
  fields: {
    rank: ["Rank r", "", "Width of the pairs: more can be learned, and more learned by heart."],
    alpha: ["Alpha", "", "The pairs’ product is multiplied by alpha / r."],
    dropout: ["Dropout", "%", "Share of a pair’s inputs that is left out at each step."],
    epochs: ["Passes", "×", "Times that each case is seen."],
    steps: ["Steps", "", "Steps of the optimiser."],
    batch: ["Batch", "cases", "Cases that one step learns from."],
    part: [
      "At once",
      "cases",
      "Cases of a batch that are computed together; 0: by the model’s size. More needs more memory; the result is the same but for rounding.",
    ],
    rate: [
      "Learning rate",
      "",
      "The largest; it rises and falls as the fields below say. 2e-4 means 0.0002.",
    ],
    warm_up: ["Warm-up", "%", "Share of the steps in which the rate rises from 0."],
    weight_decay: ["Weight decay", "", "Pull of the matrices towards 0, apart from the gradient; 0: none."],
    clip: ["Clip norm", "", "Gradients longer than this are shortened to it; 0: never."],
    judge_every: ["Every", "steps", "Steps between two judgements on the validation split; 0: ten in all."],
    patience: [
      "Patience",
      "times",
      "Judgements without a better one after which it stops; 0: it never stops early.",
    ],
    seed: [
      "Seed",
      "",
      "Decides the order of cases, dropout and the first values: the same seed gives the same bytes.",
    ],
  },
  /** In place of the unit, where 0 means this. */
  zero: { part: "auto", judge_every: "auto", patience: "never", clip: "off", weight_decay: "off" },
  targets: "Beside",
  targetsTitle: "Which maps of the model get a pair.",
  targetsOwn: "Maps by name",
  targetsOwnMore: "Groups or ends of names, with commas between.",
  targetsExample: "q_proj, v_proj",
  rankStabilised: "Divide by √r (rsLoRA)",
  rankStabilisedTitle: "alpha / √r instead of alpha / r: high ranks learn as fast as low ones.",
  length: "Length",
  lengths: { epochs: "Passes", steps: "Steps" },
  schedule: "Schedule",
  scheduleTitle: "How the rate falls after the warm-up.",
  best: "Best by",
  precision: "Base held in",
  precisionTitle: "How the base model’s weights are held; they are not learned.",
  precisionAsAsked: "As usual",
  precisionAsAskedMore: "As a question to this model holds it.",
  recompute: "Spare memory",
  recomputeTitle:
    "What happens within a layer is computed twice instead of kept: less memory, about a third slower.",

  check: "Check",
  checkTitle: "Looks for leaks and missing images and estimates time and memory. Nothing is learned.",
  start: "Tune",
  goOn: "Go on",
  stop: "Stop",
  stopTuning: "Stop tuning",
  stopping: "Stopping after this step",
  fix: (count: number) => `${counted(count, "field needs", "fields need")} another value.`,
  otherSet: (name: string) =>
    `“${name}” is being tuned now. One run at a time: this case set can wait for it, or stop it below.`,
  elsewhere: (name: string) => `Tuning on ${name}`,

  empty: "Nothing is tuned yet",
  emptyMore:
    "Check says what stands in the way and what it will take. Tuning then learns from the first split, and reads the second one again and again with the same question, scoring and figures as the evaluation.",
  refused: "It cannot begin like this",
  failed: "The run broke off",
  kept: "What was learned is kept; go on takes it up.",
  checking: "Checking",
  preparing: "Preparing",
  estimate: "What it will take",
  estimateRows: {
    cases: "Cases to learn from",
    validation: "Cases to judge on",
    steps: "Steps",
    tokens: "Tokens an example",
    learned: "Numbers learned",
    precision: "Base held in",
    memory: "Memory",
    seconds: "Time",
  },
  tokensMore: "images included",
  noneJudged: "none",
  memory: (need: string, free: string | null) =>
    free === null ? `about ${need}` : `about ${need} of ${free} free`,
  memoryFits: "It fits.",
  memoryFull: "It does not fit: choose a smaller precision, fewer cases at once, or close what else is open.",
  memoryUnknown: "How much is free is not known.",
  secondsUnknown: "Told after the first steps.",
  seconds: (seconds: number) => `${roughly(seconds)}, without judging`,
  nothingLearned: "Checked. Nothing was learned yet.",

  step: (step: number, of: number) =>
    of === 0 ? `Step ${whole(step)}` : `Step ${whole(step)} of ${whole(of)}`,
  left: (seconds: number) => `${roughly(seconds)} left`,
  resumed: (step: number) => `Taken up after step ${whole(step)}`,
  line: (loss: string, right: string, rate: string) =>
    `Loss ${loss} · ${right} of the answers’ tokens were the likeliest · rate ${rate}`,
  stopped: (step: number, of: number) =>
    step === 0
      ? "Stopped before the first step."
      : `Stopped after step ${whole(step)}${of > 0 ? ` of ${whole(of)}` : ""}. The state is kept: it goes on from there to the same result, also after Overread was closed.`,
  stoppedCheck: "The check was stopped.",

  loss: "Loss of an answer’s token",
  lossTraining: "learned cases, each step",
  lossMean: (window: number) => `mean of ${whole(window)} steps`,
  lossValidation: "validation cases",
  lossAxis: "nats",
  stepAxis: "step",
  lossDescription: (steps: number, first: string, last: string, judged: number) =>
    `Loss of the learned cases over ${counted(steps, "step")}, from ${first} to ${last} on average; ${counted(judged, "judgement")} on the validation cases.`,
  lossJudged: (step: number, loss: string) => `${atStep(step)}: validation loss ${loss}`,
  figure: (measure: string) => `Validation split, ${measure} with 95 % interval`,
  figureDescription: (measure: string, judged: number) =>
    `${measure} on the validation cases at ${counted(judged, "judgement")}, with the base model’s as a line.`,
  figureJudged: (step: number, figure: string) => `${atStep(step)}: ${figure}`,
  best1: "best",
  bestAt: (step: number) => `best: step ${whole(step)}`,
  bestWord: "the best so far",
  base: "base model",
  tuned: "tuned",
  columns: {
    step: "Step",
    training: "Learned cases, mean",
    validation: "Validation cases",
    state: "State",
    n: "n",
    interval: "Interval by",
  },
  noFigure:
    "Findings in words are judged by their loss alone: there is no figure of right and wrong for them.",
  noJudging: "Nothing is judged: there is no validation split.",
  plotsWait: "The first steps are on their way.",

  done: (name: string, best: number, steps: number) =>
    `“${name}” holds the state after step ${whole(best)} of ${whole(steps)}.`,
  early: "It got no better and was stopped early.",
  took: (seconds: number) => `This start took ${span(seconds)}.`,
  place: (place: string) => `The adapter lies in ${place}, beside the case set, with its card.`,
  caution:
    "These figures are of the validation split, which chose the state: they favour the tuned model. What it is worth only a test split can say, whose patients took no part.",
  beside: "Base and tuned model on the validation split",
  besideColumns: ["Measure", "Base", "Tuned", "Tuned less base"],
  pair: "Right and wrong, case by case",
  pairNote: (n: number, differ: number) =>
    `n = ${whole(n)}; McNemar’s test rests on the ${counted(differ, "case")} that only one of them has right.`,
  tests: "Tests",
  testColumns: ["Test", "p"],
  right: (name: string) => `${name} right`,
  wrong: (name: string) => `${name} not`,
  use: "Use in the reading panel",
  using: "Adding it to the base model",
  used: (model: string) => `The reading panel now asks ${model} with this adapter.`,
  usedUnfit: "It was added, but does not fit this model.",
  useFailed: "The adapter was not added",
  toDesk: "To the desk",
  noBase: (model: string) => `${model} is not in the list of models any more.`,
  reader: (place: string, split: string) =>
    `To read the test split with it, give the case-set file a reader with adapters = ["${place}"], tuning = "tuned" and tuned_on_splits = ["${split}"].`,
  another: "Tune another",

  runs: "Runs of this case set",
  runsFailed: "The runs could not be listed",
  runColumns: ["Adapter", "Base model", "Steps", "Validation", "State"],
  runState: {
    running: "running",
    stopped: "stopped, can be taken up",
    early: "done, stopped early",
    done: "done",
  },
  look: (name: string) => `Curves of ${name}`,
  curves: "Curves",
  hide: "Close",
  takeUp: "Take up",
  takeUpTitle: "Goes on from its last kept state, with its settings and the splits chosen above.",

  problems: {
    noModel: "Choose a base model.",
    noName: "Give it a name.",
    name: "A folder’s name: letters, figures, spaces, hyphens and points, not beginning with a point.",
    finished: (name: string) => `“${name}” is finished: choose another name.`,
    noSplits: "This case set has no splits: draw them by patient when it is made.",
    noSplit: "Choose the split to learn from.",
    sameSplit: "Cases cannot be learned from and judged on at once.",
    noTargets: "Name at least one map, such as q_proj.",
    number: allowed,
  },
} as const;

function atStep(step: number): string {
  return step === 0 ? "Base model" : `Step ${whole(step)}`;
}
