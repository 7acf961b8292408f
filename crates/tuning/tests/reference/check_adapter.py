"""An adapter on its base by transformers + peft, beside what this program makes of the same two folders and case.

    overread model trace BASE CASE.json --adapter ADAPTER --json > TRACE.json
    python check_adapter.py BASE ADAPTER CASE.json [TRACE.json]

ADAPTER may have been written by this program or by peft. Prints the size and the largest of the last position's logits, the
log-likelihood of each label (its tokens joined to the prompt's), and with TRACE.json the largest difference from it; ends with
status 1 where one is above 2e-3. How far the adapter moves the logits is printed too: a check that nothing moves proves nothing.
Written with transformers 4.57, peft 0.18, torch 2.9.
"""

import json
import pathlib
import sys

import torch
import transformers
from peft import PeftModel
from PIL import Image

MOST = 2e-3

base, adapter, case_file = map(pathlib.Path, sys.argv[1:4])
trace = json.loads(pathlib.Path(sys.argv[4]).read_text()) if len(sys.argv) > 4 else None
transformers.utils.logging.set_verbosity_error()
config = json.loads((base / "config.json").read_text())
model_class = getattr(transformers, config["architectures"][0])
model = model_class.from_pretrained(base, dtype=torch.float32, attn_implementation="eager").eval()
tokenizer = transformers.AutoTokenizer.from_pretrained(base)
case = json.loads(case_file.read_text())

files, messages = [], []
for message in case["messages"]:
    content = message["content"]
    if not isinstance(content, str):
        files += [part["file"] for part in content if part["type"] == "image"]
        content = [{"type": "image"} if part["type"] == "image" else part for part in content]
    messages.append({"role": message["role"], "content": content})
text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
image_token = config.get("image_token_index")
more = {}
if files:
    tokens = config["mm_tokens_per_image"]
    marks = "\n\n<start_of_image>" + "<image_soft_token>" * tokens + "<end_of_image>\n\n"
    text = text.replace("<start_of_image>", marks)
    # The processor that is saved with the published models: Pillow's resize.
    processor = transformers.AutoImageProcessor.from_pretrained(base, use_fast=False)
    pictures = [Image.open(case_file.parent / name).convert("RGB") for name in files]
    more["pixel_values"] = processor(pictures, do_convert_rgb=True, return_tensors="pt")["pixel_values"]
text += case.get("prefix", "")


@torch.no_grad()
def logits(model, ids):
    ids = torch.tensor([ids])
    if image_token is not None:
        more["token_type_ids"] = (ids == image_token).long()
    return model(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False, **more).logits[0].float()


def tokenised(text):
    return tokenizer(text, add_special_tokens=False).input_ids


prompt = tokenised(text)
without = logits(model, prompt)[-1]
model = PeftModel.from_pretrained(model, adapter).eval()
pairs = sum("lora_A" in name for name, _ in model.named_parameters())
last = logits(model, prompt)[-1]
found = {
    "pairs": pairs,
    "tokens": len(prompt),
    "moved": float((last - without).abs().max()),
    "largest": [[int(i), float(last[i])] for i in last.topk(3).indices],
    "labels": {},
}
for label in case.get("labels", []):
    ids = tokenised(text + label)
    same = 0
    while same < min(len(prompt), len(ids)) and prompt[same] == ids[same]:
        same += 1
    rows = torch.log_softmax(logits(model, ids), dim=-1)
    found["labels"][label] = float(sum(rows[i - 1, ids[i]] for i in range(same, len(ids))))
failed = False
if trace is not None:
    ours = torch.tensor(trace["logits"]["all"])
    found["same_ids"] = trace["input_ids"] == prompt
    off = [float((ours - last).abs().max())]
    off += [abs(label["joint"]["sum"] - found["labels"][label["label"]]) for label in trace["labels"]]
    found["largest_difference"] = {"logits": off[0], "labels": max(off[1:], default=0.0)}
    failed = max(off) > MOST or not found["same_ids"] or pairs == 0
print(json.dumps(found, indent=1))
sys.exit(failed)
