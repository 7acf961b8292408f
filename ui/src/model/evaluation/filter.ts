// Filters as facets with choices: what is chosen, named, taken off.
import type { Facet } from "../../backend/generated/Facet";
import type { Filter } from "../../backend/generated/Filter";

export const NO_FILTER: Filter = {
  splits: [],
  modalities: [],
  labels: [],
  readers: [],
  invalid: [],
  groups: [],
};

type ListKey = "splits" | "modalities" | "labels" | "readers" | "invalid";

const LISTS: Readonly<Record<string, ListKey>> = {
  split: "splits",
  modality: "modalities",
  label: "labels",
  reader: "readers",
  invalid: "invalid",
};

/** What is chosen of a facet. */
export function chosenOf(filter: Filter, key: string): readonly string[] {
  const list = LISTS[key];
  if (list !== undefined) return filter[list];
  const group = key.replace(/^group:/u, "");
  return filter.groups.filter((is) => is.key === group).map(({ value }) => value);
}

/** A choice put on or taken off. A case has one value of a subgroup, so another value takes the first one's place. */
export function toggled(filter: Filter, key: string, value: string): Filter {
  const list = LISTS[key];
  if (list !== undefined) {
    const held = filter[list];
    const next = held.includes(value) ? held.filter((one) => one !== value) : [...held, value];
    return { ...filter, [list]: next };
  }
  const group = key.replace(/^group:/u, "");
  const isOn = chosenOf(filter, key).includes(value);
  const rest = filter.groups.filter((is) => is.key !== group);
  return { ...filter, groups: isOn ? rest : [...rest, { key: group, value }] };
}

/** A condition that holds, as (facet, value, name shown). */
export interface Held {
  readonly key: string;
  readonly value: string;
  readonly name: string;
}

/** Every condition that holds, in the order of the facets; what no facet names comes last, so that nothing holds unseen. */
export function heldOf(filter: Filter, facets: readonly Facet[]): Held[] {
  const held: Held[] = [];
  const add = (key: string, value: string, name: string) => {
    if (!held.some((one) => one.key === key && one.value === value)) held.push({ key, value, name });
  };
  for (const { key, choices } of facets) {
    for (const { value, name } of choices) if (chosenOf(filter, key).includes(value)) add(key, value, name);
  }
  for (const [key, list] of Object.entries(LISTS)) for (const value of filter[list]) add(key, value, value);
  for (const { key, value } of filter.groups) add(`group:${key}`, value, value);
  return held;
}
