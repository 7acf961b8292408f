// Models of the made desk: one that is used, one that is broken, one for labels, and those that are known.
import type { Handle } from "../generated/Handle";
import type { KnownModelInfo } from "../generated/KnownModelInfo";
import type { ModelInfo } from "../generated/ModelInfo";
import type { ModelOptions } from "../generated/ModelOptions";
import type { PrecisionMemory } from "../generated/PrecisionMemory";

export const MADE_UP =
  "This reader is made up: its answers are drawn by chance and mean nothing about any picture.";
const PHANTOMS_ONLY =
  "This model knows the phantoms of this program only. On a real study its answers mean nothing.";

const FREE = 12_400_000_000;
const TERMS = "Health AI Developer Foundations terms of use";

/** Memory by precision of so many parameters. */
function memoryBy(parameters: number): PrecisionMemory[] {
  const bits = { f32: 32, bf16: 16, q8_0: 8.5, q4_k: 4.9 } as const;
  return (["f32", "bf16", "q8_0", "q4_k"] as const).map((precision) => {
    const bytes = Math.round((parameters * bits[precision]) / 8 + 600_000_000);
    return { precision, bytes, fits: bytes < FREE };
  });
}

const plain: Omit<ModelInfo, "handle" | "name"> = {
  usable: false,
  report: [],
  warning: "",
  phantoms_only: false,
  question: null,
  terms: "",
  parameters: 0,
  memory: 0,
  images: false,
  demo: false,
  kind: "",
  forms: [],
  known: "",
  limits: [],
  memory_by: [],
  precision: "f32",
  precision_chosen: false,
  precision_reason: "",
  device: "cpu",
  adapters: [],
  loaded: false,
  removable: true,
};

const DEMO: ModelInfo = {
  ...plain,
  handle: { id: "model-demo", label: "model" },
  name: "Demo model (phantoms only)",
  usable: true,
  report: ["config.json: read", "model.safetensors: complete", "tokenizer.json: read"],
  warning: PHANTOMS_ONLY,
  phantoms_only: true,
  question: {
    template: "",
    prompt: "Which finding is present?",
    labels: [
      "normal",
      "nodule",
      "pleural effusion",
      "pneumothorax",
      "consolidation",
      "cardiomegaly",
      "rib fracture",
    ],
  },
  terms: "Apache-2.0 OR MIT, as Overread",
  parameters: 2_190_848,
  memory: 12_000_000,
  images: true,
  demo: true,
  kind: "gemma3",
  forms: ["labels", "yes_no", "open"],
  known: "demo",
  limits: [
    "It knows the phantoms of this program only: on a real study its answers mean nothing.",
    "Small nodules are its weak spot: where contrast is low it calls most of them normal.",
  ],
  memory_by: [{ precision: "f32", bytes: 12_000_000, fits: true }],
  precision_reason: "Float32: the model is small, so it is held exactly.",
  removable: false,
};

const BROKEN: ModelInfo = {
  ...plain,
  handle: { id: "model-broken", label: "medgemma-partial" },
  name: "medgemma-partial",
  report: ["config.json: read", "model-00002-of-00002.safetensors is missing", "tokenizer.json: read"],
  terms: TERMS,
  parameters: 4_300_000_000,
  memory: 9_200_000_000,
  images: true,
  kind: "gemma3",
  memory_by: memoryBy(4_300_000_000),
  precision: "bf16",
  precision_reason: "Bfloat16, as the model is published: it fits.",
};

const MEDGEMMA: ModelInfo = {
  ...plain,
  handle: { id: "model-4b", label: "medgemma-1.5-4b-it" },
  name: "medgemma-1.5-4b-it",
  usable: true,
  report: ["config.json: read", "Two weight files, complete", "tokenizer.json: read"],
  warning: MADE_UP,
  terms: TERMS,
  parameters: 4_300_000_000,
  memory: 9_200_000_000,
  images: true,
  kind: "gemma3",
  forms: ["labels", "yes_no", "open"],
  known: "medgemma-1.5-4b-it",
  limits: [
    "It was evaluated on single images; several images and volumes are less tested.",
    "Wording changes its answers: compare wordings before trusting one.",
    "It was not made for conversations of several turns.",
    "Public test sets may have been part of its training.",
    "Fine-tune and validate it on your own cases before relying on it.",
  ],
  memory_by: memoryBy(4_300_000_000),
  precision: "bf16",
  precision_reason: "Bfloat16, as the model is published: it fits into the 12.4 GB that are free.",
  adapters: [
    {
      handle: { id: "adapter-liver", label: "liver-lora" },
      name: "liver-lora",
      usable: true,
      report: ["LoRA, rank 16, on 238 linears"],
      changes_images: true,
    },
    {
      handle: { id: "adapter-odd", label: "other-base" },
      name: "other-base",
      usable: false,
      report: ["It was made for a decoder with 62 layers; this one has 34."],
      changes_images: false,
    },
  ],
};

const SIGLIP: ModelInfo = {
  ...plain,
  handle: { id: "model-siglip", label: "medsiglip-448" },
  name: "medsiglip-448",
  usable: true,
  report: ["config.json: read", "model.safetensors: complete", "Vocabulary: read"],
  warning: MADE_UP,
  terms: TERMS,
  parameters: 878_000_000,
  memory: 4_100_000_000,
  images: true,
  kind: "siglip",
  forms: ["labels", "yes_no"],
  known: "medsiglip-448",
  limits: ["It scores labels beside a picture and writes nothing.", "Each picture stands by itself."],
  memory_by: memoryBy(878_000_000).slice(0, 3),
  precision_reason: "Float32: it fits with room.",
};

/** Whether a desk starts with models of the user's own. */
export function makeModels(hasOwn: boolean): ModelInfo[] {
  return hasOwn ? [DEMO, MEDGEMMA, SIGLIP, BROKEN] : [DEMO, BROKEN];
}

/** A folder that holds no model. */
function unusable(handle: Handle): ModelInfo {
  return { ...plain, handle, name: handle.label, report: ["config.json is missing", "No weights"] };
}

/** The list of models and what is done to it. */
export class MadeModels {
  #list: ModelInfo[];
  readonly #all: readonly ModelInfo[];

  constructor(hasOwn: boolean) {
    this.#list = makeModels(hasOwn);
    this.#all = makeModels(true);
  }

  get list(): ModelInfo[] {
    return [...this.#list];
  }

  of(handle: Handle): ModelInfo {
    return this.#list.find((model) => model.handle.id === handle.id) ?? unusable(handle);
  }

  #put(model: ModelInfo): ModelInfo {
    const at = this.#list.findIndex(({ handle }) => handle.id === model.handle.id);
    if (at < 0) this.#list = [...this.#list, model];
    else this.#list = this.#list.map((old, i) => (i === at ? model : old));
    return model;
  }

  add(handle: Handle): ModelInfo {
    return this.#put(this.#all.find((model) => model.handle.id === handle.id) ?? unusable(handle));
  }

  remove(handle: Handle): ModelInfo[] {
    this.#list = this.#list.filter((model) => model.handle.id !== handle.id);
    return this.list;
  }

  set({ model: handle, precision, device }: ModelOptions): ModelInfo {
    const model = this.of(handle);
    const held = precision ?? (model.memory_by.find(({ fits }) => fits)?.precision || model.precision);
    return this.#put({
      ...model,
      precision: held,
      precision_chosen: precision !== null,
      precision_reason: precision === null ? "By memory: the most exact that fits." : "As you chose it.",
      memory: model.memory_by.find((entry) => entry.precision === held)?.bytes ?? model.memory,
      device: device === "" ? "cpu" : device,
    });
  }

  addAdapter(handle: Handle, adapter: Handle): ModelInfo {
    const model = this.of(handle);
    const added = {
      handle: adapter,
      name: adapter.label,
      usable: true,
      report: ["LoRA, rank 8"],
      changes_images: false,
    };
    return this.#put({ ...model, adapters: [...model.adapters, added] });
  }

  removeAdapter(handle: Handle, adapter: Handle): ModelInfo {
    const model = this.of(handle);
    return this.#put({
      ...model,
      adapters: model.adapters.filter((other) => other.handle.id !== adapter.id),
    });
  }

  known(): KnownModelInfo[] {
    return KNOWN.map((known) => {
      const found = this.#list.find((model) => model.known === known.id);
      if (found === undefined) return known;
      return { ...known, state: found.usable ? "here" : "incomplete", handle: found.handle, guidance: [] };
    });
  }
}

const TERMS_SHORT = [
  "Free for research and development; the use policy forbids some uses.",
  "Clinical use needs the authorisation of your regulator.",
  "Passing it on obliges you to pass on the same terms.",
];

const KNOWN: readonly KnownModelInfo[] = [
  {
    id: "medgemma-1.5-4b-it",
    name: "MedGemma 1.5 4B",
    family: "medgemma",
    publisher: "Google",
    published_as: "google/medgemma-1.5-4b-it",
    about:
      "Reads pictures and text and answers in words; trained on radiographs, CT, MR, photographs and slides.",
    parameters: 4_300_000_000,
    licence: TERMS,
    terms: "developers.google.com/health-ai-developer-foundations/terms",
    terms_summary: TERMS_SHORT,
    limits: MEDGEMMA.limits,
    files: [
      { name: "config.json", needed: true, bytes: 0, about: "" },
      { name: "model-00001-of-00002.safetensors", needed: true, bytes: 4_960_000_000, about: "weights" },
      { name: "model-00002-of-00002.safetensors", needed: true, bytes: 3_640_000_000, about: "weights" },
      { name: "tokenizer.json", needed: true, bytes: 33_000_000, about: "" },
      { name: "chat_template.jinja", needed: false, bytes: 0, about: "the prompt's form" },
    ],
    templates: [],
    advice: ["Name the examination and ask one thing.", "Say first which labels are possible."],
    thinking: "when asked",
    preprocess: [
      { modality: "CT", ids: ["ct-windows/1", "display/1"], note: "as in training" },
      { modality: "CR, DX", ids: ["cxr-server/1"], note: "" },
    ],
    memory_by: memoryBy(4_300_000_000),
    published: [
      {
        task: "Chest radiograph, 5 findings",
        metric: "macro F1",
        value: 0.889,
        conditions: "as its model card says",
      },
    ],
    state: "not_here",
    handle: null,
    guidance: [
      "Accept the terms at its publisher and download all files of the list into one folder.",
      "Then choose that folder here. A GGUF file with its mmproj file beside it does too.",
    ],
  },
  {
    id: "medsiglip-448",
    name: "MedSigLIP 448",
    family: "medsiglip",
    publisher: "Google",
    published_as: "google/medsiglip-448",
    about: "Scores labels beside a picture. Recommended over MedGemma for classification.",
    parameters: 878_000_000,
    licence: TERMS,
    terms: "developers.google.com/health-ai-developer-foundations/terms",
    terms_summary: TERMS_SHORT,
    limits: SIGLIP.limits,
    files: [{ name: "model.safetensors", needed: true, bytes: 3_510_000_000, about: "weights" }],
    templates: [],
    advice: ["Word labels as a caption would: “a chest radiograph with a pleural effusion”."],
    thinking: "never",
    preprocess: [],
    memory_by: memoryBy(878_000_000).slice(0, 3),
    published: [],
    state: "not_here",
    handle: null,
    guidance: ["Accept the terms at its publisher and download all files of the list into one folder."],
  },
  {
    id: "demo",
    name: "overread-phantom",
    family: "demo",
    publisher: "Overread",
    published_as: "",
    about: "A small model of the same form, trained on made CT slices to name what was planted in them.",
    parameters: 2_190_848,
    licence: "Apache-2.0 OR MIT",
    terms: "",
    terms_summary: [],
    limits: DEMO.limits,
    files: [],
    templates: [],
    advice: [],
    thinking: "never",
    preprocess: [],
    memory_by: DEMO.memory_by,
    published: [],
    state: "not_here",
    handle: null,
    guidance: [],
  },
];
