//! An evaluation: a case set, the answers of its readers, what people decided, and every figure that follows.
//!
//! ```text
//! CaseSet + [Recorded] + [Decision] -> Evaluation -> judge -> Filter -> Figures | CasesPage | CaseDetail
//! ```
//! [`figures::Figures`] is what the page shows, the report prints and `--json` writes: one shape, made here once.

pub mod cases;
pub mod figures;
pub mod filter;
