import { describe, expect, it } from "vitest";
import type { Facet } from "../../backend/generated/Facet";
import { chosenOf, heldOf, NO_FILTER, toggled } from "./filter";

const FACETS: Facet[] = [
  { key: "split", choices: [{ value: "test", name: "test", cases: 3 }] },
  { key: "reader", choices: [{ value: "a", name: "Reader A", cases: 3 }] },
  {
    key: "group:sex",
    choices: [
      { value: "F", name: "F", cases: 1 },
      { value: "M", name: "M", cases: 2 },
    ],
  },
];

describe("filters", () => {
  it("puts a choice on and takes it off again", () => {
    const on = toggled(NO_FILTER, "split", "test");
    expect(on.splits).toEqual(["test"]);
    expect(toggled(on, "split", "test")).toEqual(NO_FILTER);
  });

  it("holds one value of a subgroup, for a case has only one", () => {
    const female = toggled(NO_FILTER, "group:sex", "F");
    expect(chosenOf(female, "group:sex")).toEqual(["F"]);
    expect(toggled(female, "group:sex", "M").groups).toEqual([{ key: "sex", value: "M" }]);
    expect(toggled(female, "group:sex", "F").groups).toEqual([]);
  });

  it("names everything that holds, facets' names first, and hides nothing that no facet names", () => {
    let filter = toggled(NO_FILTER, "reader", "a");
    filter = toggled(filter, "split", "gone");
    filter = toggled(filter, "group:age", "65+");
    expect(heldOf(filter, FACETS)).toEqual([
      { key: "reader", value: "a", name: "Reader A" },
      { key: "split", value: "gone", name: "gone" },
      { key: "group:age", value: "65+", name: "65+" },
    ]);
  });
});
