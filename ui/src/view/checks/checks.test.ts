import { cleanup, render, screen, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";
import { LOOKING, NOT_LOOKING, READING, RECIPES, WEIGHTS } from "../gallery/states";
import Choices from "../kit/Choices.svelte";
import TokenText from "../reading/TokenText.svelte";
import LookingTable from "./LookingTable.svelte";
import RecipeTable from "./RecipeTable.svelte";
import SliceWeights from "./SliceWeights.svelte";

afterEach(cleanup);

describe("is it looking?", () => {
  it("says each picture's choice in words for a screen reader, the shift, and what could not be tried", () => {
    render(LookingTable, { reading: READING, looking: LOOKING });
    const nodule = screen.getByRole("row", { name: /pulmonary nodule/ });
    const cells = within(nodule)
      .getAllByRole("cell")
      .map((cell) => cell.textContent?.trim().replaceAll(/\s+/g, " "));
    expect(cells).toEqual(["Answer 61", "3", "11", "Answer 59"]);
    const shifts = within(screen.getByRole("row", { name: /^shift/ })).getAllByRole("cell");
    expect(shifts.map((cell) => cell.textContent?.trim())).toEqual(["", "0.58", "0.50", "0.02"]);
    expect(screen.getByText("The answer depends on the picture.")).toBeInTheDocument();
    expect(screen.getByText(/No other patient's images/)).toBeInTheDocument();
  });

  it("warns where the picture hardly matters", () => {
    const { container } = render(LookingTable, { reading: READING, looking: NOT_LOOKING });
    expect(container.querySelector(".warn")).toHaveTextContent("nearly the same without the picture");
  });
});

describe("which slices?", () => {
  it("tells the change and its way by name, and goes to the slice", async () => {
    const ongo = vi.fn();
    render(SliceWeights, { found: WEIGHTS, ongo });
    await userEvent.click(
      screen.getByRole("button", { name: /Without slice 11: −0.90 .*; they spoke for it/ }),
    );
    expect(ongo).toHaveBeenCalledWith(10);
    expect(screen.getByRole("button", { name: /slices 14, 15: \+0.01 .*; no change/ })).toBeInTheDocument();
  });
});

describe("the recipe check", () => {
  it("marks the answer that is another in words", () => {
    render(RecipeTable, { reading: READING, found: RECIPES });
    expect(screen.getByRole("row", { name: /display\/1/ })).toHaveTextContent(
      "▲ other answer: pleural effusion",
    );
    expect(screen.getByRole("row", { name: /ct-windows-jpeg/ })).toHaveTextContent("same answer");
    expect(screen.getByRole("row", { name: /ct-windows\/1/ })).toHaveTextContent(
      "as asked: pulmonary nodule",
    );
  });
});

describe("words with their probabilities", () => {
  it("are walked with the arrow keys, each with its figure", async () => {
    const tokens = [
      { text: "No", probability: 0.98 },
      { text: " nodule", probability: 0.07 },
    ];
    render(TokenText, { tokens });
    const list = screen.getByRole("listbox", { name: "Word by word" });
    expect(list).toHaveTextContent("No nodule");
    list.focus();
    await userEvent.keyboard("{ArrowRight}{ArrowRight}");
    const chosen = screen.getByRole("option", { selected: true });
    expect(chosen).toHaveAccessibleName("“nodule”: 7 %");
    expect(list).toHaveAttribute("aria-activedescendant", chosen.id);
    expect(screen.getByText(/Least likely words: “nodule”: 7/)).toBeInTheDocument();
  });
});

describe("a choice that is refused", () => {
  it("leaves the old one marked", async () => {
    const onchange = vi.fn();
    const options = [
      { id: "f32", name: "Float32" },
      { id: "bf16", name: "Bfloat16" },
    ];
    render(Choices, { label: "Precision", options, value: "bf16", onchange });
    await userEvent.click(screen.getByRole("radio", { name: "Float32" }));
    expect(onchange).toHaveBeenCalledWith("f32");
    expect(screen.getByRole("radio", { name: "Bfloat16" })).toBeChecked();
  });
});
