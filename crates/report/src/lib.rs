//! HTML, CSV and JSON out.
#![forbid(unsafe_code)]
