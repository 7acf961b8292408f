// A model in a line of words.
import type { ModelInfo } from "../../backend/generated/ModelInfo";
import { models as text } from "../../text/en";
import { parameters } from "../../text/format";

/** What a model is, beside its name. */
export function aboutModel(model: ModelInfo): string {
  return [
    model.demo ? text.demo : model.handle.label === model.name ? "" : model.handle.label,
    model.parameters > 0 ? parameters(model.parameters) : "",
    model.memory > 0 ? text.memoryNeed(model.memory) : "",
    model.usable && !model.images ? text.noImages : "",
    // Terms of what is no model are nobody's.
    model.kind === "" ? "" : model.terms,
  ]
    .filter((part) => part !== "")
    .join(" · ");
}

/** Devices to choose from; one that the list does not name, as `cuda:1`, stands by itself. */
export function deviceOptions(device: string): { id: string; name: string }[] {
  const known = Object.entries(text.devices).map(([id, name]) => ({ id, name }));
  return known.some(({ id }) => id === device) ? known : [...known, { id: device, name: device }];
}
