//! Learning from a case set.
//!
//! | file | duty |
//! |---|---|
//! | `split` | what is learned and what is held back, and what forbids to begin |

pub mod split;
