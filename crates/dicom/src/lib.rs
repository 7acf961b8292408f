//! Files to frames: scan, headers, display sets, decoding, object summaries.
#![forbid(unsafe_code)]
