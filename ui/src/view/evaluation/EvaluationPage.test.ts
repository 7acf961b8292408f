import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it } from "vitest";
import { type MemoryOptions, memoryBackend } from "../../backend/memory/memory";
import { evaluationOf } from "../../model/evaluation/evaluation.svelte";
import { Session } from "../../model/session.svelte";
import App from "../app/App.svelte";

async function open(options: MemoryOptions = {}, name = "chest-phantoms") {
  const session = new Session(memoryBackend({ pace: 0, plain: true, empty: true, ...options }));
  render(App, { session });
  const user = userEvent.setup();
  await screen.findByText("Open a folder of DICOM");
  await user.keyboard("{Control>}e{/Control}");
  await user.click(await screen.findByText(name));
  return { session, user, model: evaluationOf(session) };
}

afterEach(cleanup);

describe("the Evaluation page", () => {
  it("stands over the desk, which keeps still meanwhile, and goes by Escape", async () => {
    const { session, user } = await open();
    await screen.findByText("331 cases · 214 patients");
    expect(document.querySelector(".desk")).toHaveClass("under");
    await user.keyboard("{Escape}");
    expect(session.page).toBe("desk");
    await waitFor(() => expect(document.querySelector(".desk")).not.toHaveClass("under"));
    expect(screen.queryByTestId("evaluation")).not.toBeInTheDocument();
  });

  it("opens the cases of a cell of the confusion matrix from the keyboard", async () => {
    const { user, model } = await open();
    const cell = await screen.findByRole("button", { name: /^truth Nodule, answer Nodule/ });
    cell.focus();
    await user.keyboard("{ArrowRight}");
    await waitFor(() =>
      expect(document.activeElement).toHaveAccessibleName(/^truth Nodule, answer Effusion/),
    );
    await user.keyboard("{Enter}");
    await waitFor(() => expect(model.cases.total).toBe(model.value?.readers[0]?.confusion?.cells[0]?.[1]));
    expect(
      screen.getByRole("button", { name: /^Take off the filter .*truth Nodule, answer Effusion$/ }),
    ).toBeInTheDocument();
  });

  it("names every filter that holds, and one click takes it off", async () => {
    const { user, model } = await open();
    await user.click(await screen.findByRole("checkbox", { name: /^tune/ }));
    const chip = await screen.findByRole("button", { name: "Take off the filter Split: tune" });
    await screen.findByText(/^82 of 331 cases · \d+ patients$/);
    await user.click(chip);
    expect(model.filter.splits).toEqual([]);
  });

  it("shows a plot's numbers as a table", async () => {
    const { user } = await open();
    await user.click(await screen.findByRole("button", { name: /^Readers, accuracy.*as a table$/ }));
    const table = screen.getByRole("table", { name: /^Readers, accuracy/ });
    expect(within(table).getAllByRole("row")).toHaveLength(6);
  });

  it("shows why figures could not be had, and tries again", async () => {
    await open({ failing: ["figures"] });
    expect(await screen.findByText("The figures could not be computed")).toBeInTheDocument();
    expect(screen.getByRole("button", { name: "Try again" })).toBeEnabled();
  });

  it("says what ten cases can show", async () => {
    await open({}, "rare-chest-ct");
    expect(await screen.findByText(/10 cases: .* before p can fall below 0.05/)).toBeInTheDocument();
  });
});
