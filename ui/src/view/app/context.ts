// The list of commands, for menus deep in the page.
import { getContext, setContext } from "svelte";
import type { Command } from "../../model/commands";

const KEY = Symbol("commands");

export function provideDeskCommands(commands: () => readonly Command[]): void {
  setContext(KEY, commands);
}

export function getDeskCommands(): () => readonly Command[] {
  return getContext<() => readonly Command[]>(KEY);
}
