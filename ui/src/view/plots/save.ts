// A plot as a file of its own: SVG with every style inlined, or PNG at twice its size.

const STYLES = [
  "fill",
  "fill-opacity",
  "stroke",
  "stroke-width",
  "stroke-opacity",
  "stroke-dasharray",
  "stroke-linecap",
  "stroke-linejoin",
  "opacity",
  "font-size",
  "font-weight",
  "text-anchor",
  "dominant-baseline",
] as const;
const FACE = "Inter, 'Segoe UI', system-ui, sans-serif";
const SVG = "http://www.w3.org/2000/svg";

/** A file name from a plot's name. */
export function fileName(name: string): string {
  const plain = name
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[^a-z0-9]+/gu, "-");
  return plain.replace(/^-+|-+$/gu, "").slice(0, 80) || "plot";
}

/** Room above for the words that name the plot, px. */
const HEAD = 48;

/** What stands above a plot that left the page. */
export interface Heading {
  readonly name: string;
  /** Of what: case set, cases, patients. */
  readonly of: string;
}

/** The SVG as a text that stands alone: named, styles inlined, background laid under, nothing interactive left. */
export function standalone(svg: SVGSVGElement, background: string, { name, of }: Heading): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const from = [svg, ...svg.querySelectorAll("*")];
  const to = [copy, ...copy.querySelectorAll("*")];
  from.forEach((element, i) => {
    const target = to[i];
    if (target === undefined) return;
    const computed = getComputedStyle(element);
    if (element.tagName !== "title" && element.tagName !== "desc") {
      for (const style of STYLES) {
        const value = computed.getPropertyValue(style);
        if (value !== "") target.setAttribute(style, value);
      }
    }
    for (const name of ["class", "style", "tabindex", "role", "data-mark", "data-cell", "aria-label"]) {
      target.removeAttribute(name);
    }
  });
  for (const aside of copy.querySelectorAll("[data-screen]")) aside.remove();
  const [, , width = 0, high = 0] = (svg.getAttribute("viewBox") ?? "").split(" ").map(Number);
  const height = high + HEAD + 8;
  copy.setAttribute("role", "img");
  copy.setAttribute("viewBox", `-8 ${-HEAD} ${width + 16} ${height}`);
  copy.setAttribute("width", String(width + 16));
  copy.setAttribute("height", String(height));
  copy.setAttribute("font-family", FACE);
  const add = (tag: string, attributes: Readonly<Record<string, string | number>>, words = "") => {
    const element = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    element.textContent = words;
    copy.insertBefore(element, copy.querySelector(":scope > :not(title):not(desc):not([data-head])"));
    element.setAttribute("data-head", "");
  };
  add("rect", { x: -8, y: -HEAD, width: width + 16, height, fill: background });
  add("text", { x: 2, y: 18 - HEAD, fill: "#e4e4e7", "font-size": "13px", "font-weight": 600 }, name);
  add("text", { x: 2, y: 35 - HEAD, fill: "#929299", "font-size": "11.5px" }, of);
  return new XMLSerializer().serializeToString(copy);
}

/** Draws an SVG text at twice its size; the PNG in base64. */
export async function png(text: string): Promise<string> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth * 2;
  canvas.height = image.naturalHeight * 2;
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("This machine draws no pictures: save the plot as SVG.");
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/png").replace(/^data:image\/png;base64,/u, "");
}
