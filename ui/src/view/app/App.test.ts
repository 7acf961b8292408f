import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it } from "vitest";
import { type MemoryOptions, memoryBackend } from "../../backend/memory/memory";
import { Session } from "../../model/session.svelte";
import App from "./App.svelte";

async function open(options: MemoryOptions = {}) {
  const session = new Session(memoryBackend({ pace: 0, plain: true, ...options }));
  render(App, { session });
  if (options.empty !== true) await screen.findByText("CT abdomen, portal venous");
  return { session, user: userEvent.setup() };
}

afterEach(cleanup);

describe("the desk", () => {
  it("takes the desk's own drawing without WebGL2 and says so, and everything else works", async () => {
    const { session } = await open();
    await waitFor(() => expect(document.querySelector("img.drawn")).toHaveAttribute("src"));
    await waitFor(() => expect(session.device.kind).toBe("absent"));
    expect(screen.getByText("No WebGL2: the reference renderer draws, slower")).toBeInTheDocument();
    expect(screen.getByText(/Im 21 \/ 40/)).toBeInTheDocument();
    expect(screen.getByText(/gap after 14/)).toBeInTheDocument();
    expect(screen.getByText("3 files not shown")).toBeInTheDocument();
    expect(screen.getByText("Research use only")).toBeInTheDocument();
  });

  it("opens a series by a click and names the viewport for a screen reader", async () => {
    const { session, user } = await open();
    await user.click(screen.getByText("Carotid, colour"));
    await waitFor(() => expect(session.displaySet?.id).toBe("us-duplex"));
    expect(screen.getByRole("application").getAttribute("aria-label")).toContain(
      "US, Carotid, colour, slice 7 of 12",
    );
    expect(screen.getByText("lossy 12:1 JPEG")).toBeInTheDocument();
  });

  it("is driven by keys, but not while words are typed", async () => {
    const { session, user } = await open();
    await user.keyboard("{Home}{PageDown}");
    expect(session.activeViewport.frame).toBe(10);
    await user.keyboard("/");
    await waitFor(() => expect(screen.getByRole("searchbox")).toHaveFocus());
    await user.keyboard("lindqvist");
    expect(session.activeViewport.presentation.rotation).toBe(0);
    expect(screen.queryByText("CT abdomen, portal venous")).not.toBeInTheDocument();
    expect(screen.getByText("CT head, follow-up")).toBeInTheDocument();
    await user.keyboard("{Escape}");
    expect(screen.getByText("CT abdomen, portal venous")).toBeInTheDocument();
    await user.keyboard("r");
    expect(session.activeViewport.presentation.rotation).toBe(90);
  });

  it("shows the keys from the list of commands", async () => {
    const { user } = await open();
    await user.keyboard("?");
    const sheet = await screen.findByRole("dialog");
    expect(within(sheet).getByText("Rotate clockwise")).toBeInTheDocument();
    await user.keyboard("{Escape}");
    await waitFor(() => expect(screen.queryByRole("dialog")).not.toBeInTheDocument());
  });

  it("runs a command from the palette", async () => {
    const { session, user } = await open();
    await user.keyboard("{Control>}k{/Control}");
    await user.type(await screen.findByPlaceholderText("What to do"), "four view{Enter}");
    await waitFor(() => expect(session.layout).toBe("2x2"));
    expect(screen.getAllByRole("application")).toHaveLength(4);
  });

  it("greets with recent folders, and says why one could not be opened", async () => {
    const { user } = await open({ empty: true });
    expect(await screen.findByText("Open a folder of DICOM")).toBeInTheDocument();
    expect(screen.getByText("not there any more").closest("button")).toBeDisabled();
    await user.click(screen.getByText("made studies"));
    expect(await screen.findByText("CT abdomen, portal venous")).toBeInTheDocument();
  });

  it("shows a failed start in words", async () => {
    render(App, { session: new Session(memoryBackend({ pace: 0, failing: ["app_state"] })) });
    expect(await screen.findByText(/“app_state” failed/)).toBeInTheDocument();
  });
});
