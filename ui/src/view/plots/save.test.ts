import { describe, expect, it } from "vitest";
import { standalone } from "./save";

function made(): SVGSVGElement {
  const host = document.createElement("div");
  host.innerHTML = `<svg class="plot" role="group" viewBox="0 0 200 100" tabindex="0"><title>t</title><desc>d</desc><g role="button" tabindex="0" data-mark="" aria-label="x"><line class="whisker" x1="0" x2="9" /></g></svg>`;
  document.body.append(host);
  return host.querySelector("svg") as SVGSVGElement;
}

describe("a plot that leaves the page", () => {
  it("is named, has its own size, lies on its background, and nothing in it can be pressed", () => {
    const text = standalone(made(), "rgb(12, 12, 13)", { name: "Readers & intervals", of: "set · 10 cases" });
    const svg = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    expect(svg.getAttribute("viewBox")).toBe("-8 -48 216 156");
    expect([svg.getAttribute("width"), svg.getAttribute("height")]).toEqual(["216", "156"]);
    const drawn = [...svg.children].map((element) => element.tagName);
    expect(drawn).toEqual(["title", "desc", "rect", "text", "text", "g"]);
    expect([...svg.querySelectorAll("text")].map((element) => element.textContent)).toEqual([
      "Readers & intervals",
      "set · 10 cases",
    ]);
    expect(svg.querySelectorAll("[class], [tabindex], [data-mark], [role='button']")).toHaveLength(0);
  });
});
