"""Records what scikit-learn's logistic regression gives for small data: `python logistic.py > logistic.json` (scikit-learn 1.9.1).

The penalty `l2 / 2 |w|^2` beside a mean loss is C = 1 / (l2 n) of scikit-learn, whose loss is a sum. Numbers are standardised by mean
and population deviation of what is learned, as the head does.
"""

import json

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(7)
N, HELD, WIDTH, K = 90, 30, 6, 3
classes = np.arange(N + HELD) % K
inputs = (rng.normal(size=(N + HELD, WIDTH)) + 0.8 * rng.normal(size=(K, WIDTH))[classes]) * rng.uniform(0.01, 20, WIDTH)
inputs = inputs.astype(np.float32).astype(np.float64)
scaler = StandardScaler().fit(inputs[:N])
x, held = scaler.transform(inputs[:N]), scaler.transform(inputs[N:])
out = {"inputs": inputs.tolist(), "learned": N, "classes": classes.tolist(), "one": {}, "each": {}}
for l2 in (1.0, 0.05, 0.001):
    settings = dict(C=1.0 / (l2 * N), solver="lbfgs", tol=1e-12, max_iter=100000)
    model = LogisticRegression(**settings).fit(x, classes[:N])
    out["one"][str(l2)] = model.predict_proba(held).tolist()
    # Label k: is it class k, or class k or the one after?
    each = []
    for states in (classes == 0, classes != 1):
        each.append(LogisticRegression(**settings).fit(x, states[:N]).predict_proba(held)[:, 1])
    out["each"][str(l2)] = np.stack(each, 1).tolist()
print(json.dumps(out))
