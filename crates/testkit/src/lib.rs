//! Image compare, the one tolerance table, fixture finder (dev-dependency only).
#![forbid(unsafe_code)]
