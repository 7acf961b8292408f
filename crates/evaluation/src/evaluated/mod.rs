//! An evaluation: a case set, the answers of its readers, what people decided, and every figure that follows.
//!
//! ```text
//! CaseSet + [Recorded] + [Decision] -> Evaluation -> judge -> Filter -> Figures | CasesPage | CaseDetail
//! ```
//! [`figures::Figures`] is what the page shows, the report prints and `--json` writes: one shape, made here once.
//!
//! | file | duty |
//! |---|---|
//! | `evaluation`, `said`, `truths`, `bench` | answers indexed; what they say; the truth under a policy; one against the other |
//! | `selection` | filters and what can be filtered by |
//! | `judged` | open answers by rule, then by people's decisions |
//! | `headline`, `labels`, `calibration`, `groups` | figures of one reader |
//! | `comparison`, `agreement`, `remarks`, `beside` | readers against each other, sentences, published rows |
//! | `clusters` | several cases a patient |
//! | `formula`, `resampled` | all figures by formula at once, then every interval by resampling |
//! | `table`, `detail` | the case table, one case whole |

mod agreement;
mod bench;
mod beside;
mod calibration;
pub mod cases;
mod clusters;
pub mod compared;
mod comparison;
mod detail;
mod evaluation;
mod exchange;
mod figure;
pub mod figures;
pub mod filter;
mod formula;
mod groups;
mod headline;
mod judged;
mod labels;
mod remarks;
mod resampled;
#[cfg(test)]
mod review_tests;
mod said;
#[cfg(test)]
mod samples;
mod selection;
mod study;
mod table;
mod truths;
mod words;

pub use detail::case_detail;
pub use evaluation::{Column, Context, Evaluation, LeftOut, Reader};
pub use exchange::{ExchangeError, imrmc};
pub use formula::{Request, by_formula};
pub use judged::{Found, raw_text};
pub use resampled::{Resamples, resampled};
pub use said::Said;
pub use table::cases_page;
pub use truths::{Policy, Trouble, TruthOf, truth_of};
