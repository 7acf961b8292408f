"""Overread and llama.cpp side by side on the same model, in one run.

  python tests/bench/llama_cpp.py OVERREAD LLAMA_BIN MODEL_DIR TEXT.gguf MMPROJ.gguf [--dtype q4_k] [--runs 3]
                                  [--threads 2] [--write docs/bench-model.md]

OVERREAD is the release binary, LLAMA_BIN the folder with llama-bench and llama-mtmd-cli. MODEL_DIR is the original
checkpoint; TEXT.gguf and MMPROJ.gguf are what llama.cpp's own converter and llama-quantize made of it. Both programs
run with the same number of threads, in turns (theirs, ours, theirs, ours), so that a busy minute meets both. Every run is
listed; ratios are of medians. Nothing here decides whether a test passes.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import struct
import subprocess
import tempfile
import time
import zlib

LABELS = 14


def png(path, side):
    """A grey gradient of the tower's own size: neither program resizes it."""
    rows = b"".join(b"\0" + bytes((x // 7 + y) % 251 for x in range(side) for _ in range(3)) for y in range(side))
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def run(command, env=None):
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=env)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stderr[-2000:]}")
    return done.stdout, done.stderr, time.monotonic() - began


def llama_rates(a):
    out, _, _ = run([f"{a.llama}/llama-bench", "-m", a.text, "-t", str(a.threads), "-p", "300", "-n", "64", "-r", "1", "-o", "json"])
    rows = json.loads(out)
    prefill = next(r["avg_ts"] for r in rows if r["n_prompt"])
    decode = next(r["avg_ts"] for r in rows if r["n_gen"])
    return prefill, decode


def llama_image(a, picture):
    command = [f"{a.llama}/llama-mtmd-cli", "-m", a.text, "--mmproj", a.mmproj, "--image", str(picture), "-p", a.question,
               "-n", "24", "-t", str(a.threads), "--temp", "0", "-c", "2048", "--no-warmup", "-v"]
    out, err, whole = run(command)
    log = out + err
    encoded = re.search(r"image slice encoded in (\d+) ms|batch encoding done in ([\d.]+)|encoded in (\d+) ms", log)
    vision = float(next(g for g in encoded.groups() if g)) / 1000 if encoded else None
    if vision is not None and vision < 0.01:
        vision *= 1000
    total = re.search(r"total time\s*=\s*([\d.]+) ms", log)
    load = re.search(r"load time\s*=\s*([\d.]+) ms", log)
    return {"vision_s": vision, "whole_s": whole,
            "total_s": float(total[1]) / 1000 if total else None, "load_s": float(load[1]) / 1000 if load else None}


def overread(a, extra=()):
    env = dict(os.environ, RAYON_NUM_THREADS=str(a.threads), OVERREAD_HOME=a.home)
    out, _, _ = run([a.overread, "bench", "model", a.model, "--dtype", a.dtype, "--runs", "1", "--json", *extra], env)
    return json.loads(out)["model"]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ["overread", "llama", "model", "text", "mmproj"]:
        p.add_argument(name)
    p.add_argument("--dtype", default="q4_k")
    p.add_argument("--runs", type=int, default=3)
    p.add_argument("--threads", type=int, default=os.cpu_count())
    p.add_argument("--home", default=tempfile.gettempdir() + "/overread-bench-home")
    p.add_argument("--question", default="What is the most likely finding in this radiograph?")
    p.add_argument("--write")
    a = p.parse_args()
    picture = pathlib.Path(tempfile.mkdtemp()) / "slice.png"
    png(picture, 896)
    print("packing the weights once", flush=True)
    overread(a)
    theirs, ours = [], []
    for k in range(a.runs):
        prefill, decode = llama_rates(a)
        theirs.append({"prefill": prefill, "decode": decode, **llama_image(a, picture)})
        print(f"llama.cpp {k + 1}: {theirs[-1]}", flush=True)
        m = overread(a)
        ours.append({"prefill": m["prefill"]["tokens_per_s"], "decode": m["decode"]["tokens_per_s"], "vision_s": m["vision"]["median_s"],
                     "question_s": m["question"]["first_s"], "second_s": m["question"]["second_s"], "load_s": m["load_s"],
                     "peak": m["question"]["peak_rss"], "kernels": m["kernels"]})
        print(f"overread  {k + 1}: {ours[-1]}", flush=True)
    middle = lambda rows, key: statistics.median(r[key] for r in rows if r[key] is not None)
    spread = lambda rows, key, digits: " ".join(f"{r[key]:.{digits}f}" for r in rows if r[key] is not None)
    answer = lambda r: (r["total_s"] or r["whole_s"]) - (r["load_s"] if r["total_s"] and r["load_s"] and r["load_s"] < 0 else 0)
    for r in theirs:
        r["answer_s"] = answer(r)
    rows = [
        ("one image through the tower, s", middle(theirs, "vision_s"), spread(theirs, "vision_s", 1), middle(ours, "vision_s"), spread(ours, "vision_s", 1), "time"),
        ("prefill of 300 tokens, tokens/s", middle(theirs, "prefill"), spread(theirs, "prefill", 1), middle(ours, "prefill"), spread(ours, "prefill", 1), "rate"),
        ("decode of 64 tokens, tokens/s", middle(theirs, "decode"), spread(theirs, "decode", 1), middle(ours, "decode"), spread(ours, "decode", 1), "rate"),
        (f"new slice, one question: {LABELS} labels here, 24 tokens written there, s", middle(theirs, "answer_s"), spread(theirs, "answer_s", 1), middle(ours, "question_s"), spread(ours, "question_s", 1), "time"),
    ]
    text = ["| | llama.cpp | runs | Overread | runs | ratio |", "|---|---|---|---|---|---|"]
    for what, t, tr, o, orr, _ in rows:
        text.append(f"| {what} | {t:.1f} | {tr} | {o:.1f} | {orr} | {o / t:.2f} |")
    second = middle(ours, "second_s") / middle(ours, "question_s")
    text += ["", f"Second question on the same slice: {middle(ours, 'second_s'):.2f} s, {second:.3f} of the first. "
             f"Load (packed copy, warm): {middle(ours, 'load_s'):.2f} s. Peak resident while answering: {middle(ours, 'peak') / 2**30:.2f} GiB. "
             f"Weights {a.dtype}, kernels {ours[0]['kernels']}, {a.threads} threads."]
    print("\n".join(text))
    if a.write:
        pathlib.Path(a.write).write_text("\n".join(text) + "\n")


main()
