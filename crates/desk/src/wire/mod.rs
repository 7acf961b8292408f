//! What crosses the border to a page: plain data in and out, generated to TypeScript, converted from the crates'
//! own types here and nowhere else, so that those can change without breaking a page.
//!
//! Three ways in, the same for the window, the loopback test server and tests:
//! *operations* (one request, one answer; `Operations` in the generated TypeScript), *jobs* (one request, a stream of
//! events, cancellable; `Jobs`) and *resources* (bytes by address; [`resource`]).
//! Names are snake_case on the wire. Lengths are mm unless a name says px. Handles are opaque strings that only mean
//! something to the desk that gave them: a page never names a path.

pub mod app;
pub mod error;
pub mod evaluation;
pub mod models;
pub mod objects;
pub mod operations;
pub mod presentation;
pub mod probes;
pub mod question;
pub mod reading;
pub mod resource;
pub mod review;
pub mod studies;
pub mod truth;
pub mod tuning;
pub mod viewing;
