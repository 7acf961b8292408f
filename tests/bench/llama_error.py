"""Rounding error of quantised weights beside llama.cpp's: mean absolute difference of the logits after a prompt from those of the
same file's dequantised weights in float32 (ours with --dtype f32, which the traces hold to 2e-4).

  python tests/bench/llama_error.py OVERREAD LLAMA_BIN q8_0=TEXT-Q8_0.gguf q4_k=TEXT-Q4_K_M.gguf …

LLAMA_BIN holds llama-server. It gives log-probabilities, so both sides are compared after their mean is taken off. Text only:
its image path pads where the reference stretches.
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

PORT = 18099
TEXTS = ["Describe the findings in this chest radiograph and say which of them need a call to the ward at once. " * k + "What now?" for k in (1, 2, 4)]
TEXTS += ["normal", "Is there pneumonia? Answer yes or no.", "a b c d e f g h i j k l m n o p q r s t u v w x y z 0 1 2 3 4 5 6 7 8 9 " * 3]


def ours(program, model, case, dtype):
    out = subprocess.run([program, "model", "trace", model, case, "--dtype", dtype, "--json"], capture_output=True, text=True)
    if out.returncode:
        raise SystemExit(out.stderr)
    return json.loads(out.stdout)


def post(body):
    request = urllib.request.Request(f"http://127.0.0.1:{PORT}/completion", json.dumps(body).encode(), {"Content-Type": "application/json"})
    return json.loads(urllib.request.urlopen(request, timeout=300).read())


def theirs(ids, count):
    body = {"prompt": ids, "n_predict": 1, "n_probs": count, "temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0,
            "samplers": ["temperature"], "cache_prompt": False}
    answer = post(body)
    if "completion_probabilities" not in answer:  # it ended at once: ask again without the end
        answer = post(body | {"ignore_eos": True, "seed": 3})
    found = answer["completion_probabilities"][0]["top_logprobs"]
    return {e["id"]: e["logprob"] for e in found if e["logprob"] > -1e3}


def error(a, b):
    a, b = ([v - sum(x) / len(x) for v in x] for x in (a, b))
    return sum(abs(x - y) for x, y in zip(a, b)) / len(a)


def main():
    program, llama, *models = sys.argv[1:]
    folder = pathlib.Path(tempfile.mkdtemp())
    print("| weights | prompts | llama.cpp | Overread | ratio |\n|---|---|---|---|---|")
    for pair in models:
        dtype, model = pair.split("=", 1)
        model = os.path.abspath(model)
        server = subprocess.Popen([f"{llama}/llama-server", "-m", model, "--port", str(PORT), "-t", str(os.cpu_count()), "-c", "4096", "--no-warmup"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(240):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{PORT}/health", timeout=2)
                    break
                except OSError:
                    time.sleep(0.5)
            their, our = [], []
            for i, text in enumerate(TEXTS):
                case = folder / f"{i}.json"
                case.write_text(json.dumps({"id": str(i), "messages": [{"role": "user", "content": text}], "labels": [], "prefix": "", "max_new_tokens": 1}))
                exact, rounded = (ours(program, model, str(case), d) for d in ("f32", dtype))
                found = theirs(exact["input_ids"], exact["logits"]["size"])
                ids = sorted(found)
                reference = [exact["logits"]["all"][k] for k in ids]
                their.append(error([found[k] for k in ids], reference))
                our.append(error([rounded["logits"]["all"][k] for k in ids], reference))
            t, o = statistics.mean(their), statistics.mean(our)
            print(f"| {dtype}, {os.path.basename(model)} | {len(TEXTS)} | {t:.4f} | {o:.4f} | {o / t:.2f} |", flush=True)
        finally:
            server.kill()
            server.wait()


main()
