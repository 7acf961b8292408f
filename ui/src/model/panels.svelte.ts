// The models behind the panels of the right side. They live as long as their session, not as long as a panel is on the
// screen: hiding the panel stops no question.
import { CaseModel } from "./case.svelte";
import { ChecksModel } from "./checks.svelte";
import type { Command } from "./commands";
import { EncodeModel } from "./encode.svelte";
import { ModelsModel } from "./models.svelte";
import { ReadingModel } from "./reading.svelte";
import { ReviewModel } from "./review.svelte";
import type { PanelName, Session } from "./session.svelte";
import { TruthModel } from "./truth.svelte";

export interface PanelModels {
  readonly cases: CaseModel;
  readonly models: ModelsModel;
  readonly reading: ReadingModel;
  readonly checks: ChecksModel;
  readonly encode: EncodeModel;
  readonly truth: TruthModel;
  readonly review: ReviewModel;
}

const kept = new WeakMap<Session, PanelModels>();

/** The models of a session, made at the first call. */
export function panelsOf(session: Session): PanelModels {
  const found = kept.get(session);
  if (found !== undefined) return found;
  const cases = new CaseModel(session);
  const models = new ModelsModel(session);
  const reading = new ReadingModel(session, cases, models);
  const made: PanelModels = {
    cases,
    models,
    reading,
    checks: new ChecksModel(session, reading, cases, models),
    encode: new EncodeModel(session, models),
    truth: new TruthModel(session, cases),
    review: new ReviewModel(session, reading),
  };
  kept.set(session, made);
  return made;
}

/** What the panels can do from the keyboard, for the list of commands. */
export function panelCommands(session: Session, showPanel: () => void): Command[] {
  const shows = () => session.displaySet !== null;
  const open = (id: PanelName, title: string, key: string): Command => ({
    id: `panel.${id}`,
    title,
    group: "Panels",
    keys: [key],
    enabled: () => true,
    run: () => {
      session.panel = id;
      showPanel();
    },
  });
  return [
    {
      id: "model.ask",
      title: "Ask the model",
      group: "Panels",
      keys: ["Enter"],
      enabled: shows,
      run: () => {
        session.panel = "model";
        showPanel();
        const { reading } = panelsOf(session);
        void reading.load().then(() => reading.ask());
      },
    },
    {
      id: "model.input",
      title: "See what the model gets",
      group: "Panels",
      keys: ["X"],
      enabled: shows,
      run: () => {
        session.modelInputShown = !session.modelInputShown;
        if (session.modelInputShown) void panelsOf(session).reading.load();
      },
      checked: () => session.modelInputShown,
    },
    {
      id: "model.drawn",
      title: "Boxes and slice strip of the model",
      group: "View",
      keys: ["A"],
      enabled: shows,
      run: () => {
        const { reading } = panelsOf(session);
        reading.drawn = !reading.drawn;
      },
      checked: () => panelsOf(session).reading.drawn,
    },
    {
      id: "review.file",
      title: "File for review",
      group: "Panels",
      keys: ["Ctrl+Enter"],
      enabled: shows,
      run: () => {
        session.panel = "review";
        showPanel();
        const { cases, review } = panelsOf(session);
        if (!cases.hidden) void review.file();
      },
    },
    open("model", "Model panel", "Alt+1"),
    open("truth", "Truth panel", "Alt+2"),
    open("review", "Review panel", "Alt+3"),
    open("settings", "Settings", "Alt+4"),
    open("models", "Models: add, choose, set up", "Alt+5"),
  ];
}
