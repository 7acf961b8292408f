//! Reading protocols: which slices, which windows to RGB, which prompt, how an answer is parsed.
#![forbid(unsafe_code)]
