//! Marks, disagreements, RADPEER, states, audit records.
#![forbid(unsafe_code)]
