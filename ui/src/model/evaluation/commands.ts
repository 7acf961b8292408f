// What the Evaluation page can do from the keyboard and the palette.
import { cases as casesText, sections, evaluation as text, welcome } from "../../text/evaluation";
import type { Command, PageActions } from "../commands";
import type { Session } from "../session.svelte";
import { evaluationOf, SECTIONS } from "./evaluation.svelte";

const always = () => true;

/** The way in, for the desk's own list. */
export function evaluationEntry(session: Session): Command {
  return {
    id: "desk.evaluation",
    title: text.page,
    group: "Desk",
    keys: ["Ctrl+E"],
    enabled: always,
    run: () => evaluationOf(session).show(),
  };
}

/** The page's own commands; while it is shown no other holds. */
export function evaluationCommands(
  session: Session,
  page: Pick<PageActions, "showKeys" | "showPalette" | "focusFind">,
): Command[] {
  const model = evaluationOf(session);
  const isOpen = () => model.screen === "open" && model.opened !== null;
  const inCases = () => isOpen() && model.section === "cases";
  const chosen = () => inCases() && model.cases.selected !== null;
  const command = (
    id: string,
    title: string,
    keys: readonly string[],
    enabled: () => boolean,
    run: () => void,
    checked?: () => boolean,
  ): Command => ({
    id: `evaluation.${id}`,
    title,
    group: "Evaluation",
    keys,
    enabled,
    run,
    ...(checked === undefined ? {} : { checked }),
  });
  return [
    command("back", text.back, ["Escape", "Ctrl+E"], always, () => {
      if (chosen()) model.cases.close();
      else if (model.screen === "making") model.welcome();
      else model.leave();
    }),
    ...SECTIONS.map((section, i) =>
      command(
        section,
        sections[section],
        [String(i + 1)],
        isOpen,
        () => model.go(section),
        () => model.section === section,
      ),
    ),
    command("open", welcome.open, ["Ctrl+O"], always, () => void model.pick()),
    command("make", welcome.make, ["Ctrl+N"], always, () => model.make()),
    command("list", welcome.recent, ["Ctrl+L"], always, () => model.welcome()),
    command("clear", "Take every filter off", ["Shift+F"], isOpen, () => model.clearFilter()),
    command("find", casesText.find, ["/", "Ctrl+F"], isOpen, () => {
      model.go("cases");
      page.focusFind();
    }),
    command("next", "Next case", ["J", "ArrowDown"], inCases, () => void model.cases.step(1)),
    command("previous", "Previous case", ["K", "ArrowUp"], inCases, () => void model.cases.step(-1)),
    command("images", casesText.open, ["Enter", "O"], chosen, () => {
      if (model.cases.selected !== null) void model.cases.openImages(model.cases.selected);
    }),
    command("palette", "All commands", ["Ctrl+K"], always, page.showPalette),
    command("keys", "Show the keys", ["?"], always, page.showKeys),
  ];
}
