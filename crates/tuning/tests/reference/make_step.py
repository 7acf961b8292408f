"""One step of transformers + peft + torch AdamW, recorded: step.json for tests/step.rs.

    cargo run -p overread-phantom --example random_model -- MODEL 5
    python make_step.py MODEL step.json ADAPTER

Written with transformers 4.57, peft 0.18, torch 2.9. ADAPTER receives what peft saved after the step.
"""

import json
import math
import sys

import torch
from peft import LoraConfig, get_peft_model
from transformers import Gemma3ForConditionalGeneration

folder, out, saved = sys.argv[1:4]
torch.manual_seed(0)
model = Gemma3ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
config = model.config
tokens, image_token, side = config.mm_tokens_per_image, config.image_token_index, config.vision_config.image_size
targets = r"model\.language_model\..*\.(q|k|v|o|gate|up|down)_proj|model\.vision_tower\..*\.(q_proj|fc1)"
model = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, lora_dropout=0.0, target_modules=targets))


def numbers(name, count):
    """The same formula as in the test: what a pair begins with."""
    key = sum(name.encode()) % 97
    return torch.tensor([0.05 * math.sin(0.37 * i + key) for i in range(count)], dtype=torch.float32)


pairs = {}
for name, parameter in model.named_parameters():
    if "lora_" in name:
        short = name.replace(".default", "")
        parameter.data.copy_(numbers(short, parameter.numel()).view(parameter.shape))
        pairs[short] = parameter

pixels = [(3 * side * side, 0.011), (3 * side * side, 0.023)]
pixels = torch.stack([
    torch.tensor([math.sin(step * i) for i in range(count)], dtype=torch.float32).view(3, side, side)
    for count, step in pixels
])
image = [image_token] * tokens
rows = [[2, 105, 400] + image + [410, 420, 107, 430, 440, 106], [2, 105] + image + [411, 421, 431, 441, 451, 461, 106]]
answers = [3, 4]
loss, count = 0.0, 0
for row, answer, picture in zip(rows, answers, pixels):
    ids = torch.tensor([row])
    logits = model(
        input_ids=ids, pixel_values=picture[None], token_type_ids=(ids == image_token).long(), attention_mask=torch.ones_like(ids)
    ).logits[0]
    start = len(row) - answer
    loss = loss + torch.nn.functional.cross_entropy(logits[start - 1 : -1].float(), ids[0, start:], reduction="sum")
    count += answer
loss = loss / count
optimiser = torch.optim.AdamW(pairs.values(), lr=1e-3, weight_decay=0.01)
loss.backward()
some = {name: [float(p.grad.flatten()[i]) for i in (0, 1, 17, p.numel() - 1)] for name, p in pairs.items()}
norm = torch.nn.utils.clip_grad_norm_(list(pairs.values()), 0.5)
optimiser.step()
after = {name: [float(p.flatten()[i]) for i in (0, 1, 17, p.numel() - 1)] for name, p in pairs.items()}
sums = {name: float(p.double().sum()) for name, p in pairs.items()}
with torch.no_grad():
    ids = torch.tensor([rows[0]])
    logits = model(
        input_ids=ids, pixel_values=pixels[:1], token_type_ids=(ids == image_token).long(), attention_mask=torch.ones_like(ids)
    ).logits[0, -2]
model.save_pretrained(saved)
json.dump(
    {
        "rows": rows, "answers": answers, "loss": float(loss), "norm": float(norm), "gradients": some, "after": after,
        "sums": sums, "logits_after": [float(v) for v in logits[:64]],
    },
    open(out, "w"), indent=1,
)
print(float(loss), float(norm), len(pairs))
