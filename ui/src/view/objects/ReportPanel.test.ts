import { cleanup, render, screen, waitFor, within } from "@testing-library/svelte";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it } from "vitest";
import { memoryBackend } from "../../backend/memory/memory";
import { Session } from "../../model/session.svelte";
import App from "../app/App.svelte";

async function open() {
  const session = new Session(memoryBackend({ pace: 0, plain: true }));
  render(App, { session });
  await screen.findByText("CT abdomen, portal venous");
  return { session, user: userEvent.setup() };
}

afterEach(cleanup);

describe("objects of a study", () => {
  it("opens a report beside the pictures: flags, headings, values with units, images that are not here", async () => {
    const { user } = await open();
    await user.click(await screen.findByText("Measurements"));
    const report = await screen.findByLabelText("Report");
    expect(await within(report).findByText("Measurement report")).toBeInTheDocument();
    expect(within(report).getByText("not verified")).toBeInTheDocument();
    expect(within(report).getByText("Findings", { selector: "h3" })).toBeInTheDocument();
    expect(within(report).getByText("肝臓 · Ήπαρ")).toBeInTheDocument();
    expect(within(report).getByText("14.2 mm")).toBeInTheDocument();
    expect(within(report).getByText("image not open here")).toBeInTheDocument();
    await user.click(within(report).getByLabelText("Close"));
    expect(screen.queryByLabelText("Report")).not.toBeInTheDocument();
  });

  it("says whom it is of, and when that is not who is on the screen", async () => {
    const { session } = await open();
    await session.openDisplaySet("ct-abdomen");
    await session.objects.read("object-report");
    const report = await screen.findByLabelText("Report");
    expect(await within(report).findByText(/2024-03-12$/, { selector: ".whose" })).toBeInTheDocument();
    expect(within(report).queryByText(/Another patient/)).not.toBeInTheDocument();
    await session.openDisplaySet("us-duplex");
    expect(await within(report).findByText(/Another patient/)).toBeInTheDocument();
    await session.updateSettings({ hide_identity: true });
    await waitFor(() => expect(within(report).getByText("2024-03-12")).toBeInTheDocument());
  });

  it("jumps from a report to the slice that it names, and marks the row", async () => {
    const { session, user } = await open();
    await session.objects.read("object-report");
    const report = await screen.findByLabelText("Report");
    await user.click(within(report).getByText(/slice 14/));
    await waitFor(() => expect(session.activeViewport.frame).toBe(13));
    expect(within(report).getByText(/slice 14/)).toHaveAttribute("aria-current");
  });

  it("shows a segmentation over its series with a legend whose parts can be switched", async () => {
    const { session, user } = await open();
    await user.click(await screen.findByText("Organs"));
    const legend = await screen.findByLabelText("Stored objects over this series");
    expect(within(legend).queryByRole("switch")).not.toBeInTheDocument();
    await user.click(within(legend).getByText("1 object shown"));
    expect(within(legend).getByText("Segmentation as stored, not a measurement.")).toBeInTheDocument();
    const layer = `layers-${session.activeViewport.id}`;
    await waitFor(() => expect(screen.getByTestId(layer).querySelectorAll("path.line")).toHaveLength(2));
    await user.click(within(legend).getByRole("switch", { name: "Liver" }));
    expect(within(legend).getByRole("switch", { name: "Liver" })).not.toBeChecked();
    expect(screen.getByTestId(layer).querySelectorAll("path.line")).toHaveLength(1);
    await user.click(within(legend).getByLabelText("Hide Organs"));
    expect(screen.queryByTestId(layer)).not.toBeInTheDocument();
  });

  it("keeps a copy of a document and says where", async () => {
    const { session, user } = await open();
    await user.click(await screen.findByText("encapsulated document: PDF, Letter, 12.0 kB"));
    await waitFor(() => expect(session.message).toContain("exports/object-letter.pdf"));
  });
});
