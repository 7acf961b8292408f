import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it } from "vitest";
import { type MemoryOptions, memoryBackend } from "../../../backend/memory/memory";
import { evaluationOf } from "../../../model/evaluation/evaluation.svelte";
import { Session } from "../../../model/session.svelte";
import App from "../../app/App.svelte";

async function open(options: MemoryOptions = {}, name = "chest-to-tune") {
  const session = new Session(memoryBackend({ pace: 0, plain: true, empty: true, ...options }));
  render(App, { session });
  const user = userEvent.setup();
  await screen.findByText("Open a folder of DICOM");
  await user.keyboard("{Control>}e{/Control}");
  await user.click(await screen.findByText(name));
  await screen.findByText(/patients$/);
  await user.keyboard("7");
  await screen.findByRole("heading", { name: "Tune" });
  return { session, user, model: evaluationOf(session) };
}

afterEach(cleanup);

describe("the Tune view", () => {
  it("has a name for every field, and says at the field what is wrong", async () => {
    const { user } = await open();
    await screen.findByText(/train · 181 cases/);
    const form = screen.getByRole("form", { name: "What is learned, and from what" });
    for (const field of form.querySelectorAll<HTMLElement>("input")) expect(field).toHaveAccessibleName();
    const rank = within(form).getByLabelText("Rank r");
    expect(rank).toHaveAccessibleDescription(/Width of the pairs/);
    await user.clear(rank);
    await user.type(rank, "0");
    expect(rank).toBeInvalid();
    expect(rank).toHaveAccessibleDescription(/A whole number from 1 to 1,024/);
    expect(within(form).getByRole("button", { name: "Tune" })).toBeDisabled();
    await user.clear(rank);
    await user.type(rank, "8");
    await waitFor(() => expect(within(form).getByRole("button", { name: "Tune" })).toBeEnabled());
    expect(screen.getByText("Settings of your own")).toBeInTheDocument();
  }, 60_000);

  it("checks, tunes, shows curves and figures, and gives the adapter to the reading panel", async () => {
    const { session, user } = await open();
    await screen.findByText(/train · 181 cases/);
    const form = screen.getByRole("form", { name: "What is learned, and from what" });
    await user.click(within(form).getByRole("button", { name: "Check" }));
    await screen.findByText("Numbers learned");
    await user.click(within(form).getByRole("button", { name: "Tune" }));
    await user.click(
      await screen.findByRole("button", { name: "Use in the reading panel" }, { timeout: 10_000 }),
    );
    await screen.findByText("The reading panel now asks medgemma-1.5-4b-it with this adapter.");
    expect(screen.getByText(/only a test split can say/)).toBeInTheDocument();
    expect(
      screen.getByRole("img", { name: /^Step 28: validation loss .* the best so far$/ }),
    ).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "Loss of an answer’s token, as a table" }));
    const table = screen.getByRole("table", { name: /^Loss of an answer/ });
    expect(within(table).getAllByRole("row").length).toBeGreaterThan(10);
    expect(screen.getByText("McNemar, exact")).toBeInTheDocument();
    await user.click(screen.getByRole("button", { name: "To the desk" }));
    expect(session.page).toBe("desk");
  }, 60_000);

  it("tells a refusal in place, and nothing of a case in blind mode", async () => {
    const { user, model } = await open({ settings: { blind: true } }, "chest-phantoms");
    await screen.findByText("Choose the split to learn from.");
    const form = screen.getByRole("form", { name: "What is learned, and from what" });
    model.tuning.set({ split: "tune" });
    await screen.findByLabelText(/^Learn from: tune · 82 cases/);
    await user.click(within(form).getByRole("button", { name: "Check" }));
    const alert = await screen.findByRole("alert");
    expect(alert).toHaveTextContent("It cannot begin like this");
    expect(alert).toHaveTextContent("Split by patient.");
    expect(document.querySelector(".tune")?.textContent).not.toMatch(/chest-\d{3}|P\d{4}/);
  }, 60_000);
});
