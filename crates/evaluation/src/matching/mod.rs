//! From free text to a judged answer: what was stated, which label it is, how that stands to the truth.
//!
//! The order is fixed and the same for every reader: a thought is taken off; the stated answer is found (JSON, a line
//! `Final Answer:`, a sentence); it is a label or a letter, or words that name one, by synonym or by kind; what fits no
//! rule is invalid, or waits for a person. Nothing is mapped to the nearest label, and nothing by chance.
mod cues;
pub mod decision;
mod differential;
mod findings;
mod gaps;
pub mod hierarchy;
pub mod judge;
mod lexicon;
pub mod normalise;
mod open;
mod parse;
#[cfg(test)]
mod properties;
mod scope;
pub mod set;
pub mod suggest;
pub mod synonyms;
#[cfg(test)]
mod tests;
mod yes_no;

pub use decision::{Decision, answer_hash, apply};
pub use findings::Finding;
pub use hierarchy::{Hierarchy, Level};
pub use judge::{Finer, Hedge, Judge, Judgement, Rules, Said, SideMatch, Task, VERSION, Verdict};
pub use normalise::Side;
pub use overread_protocol::answer::Invalid;
pub use scope::State;
pub use set::SetJudge;
pub use suggest::suggest;
pub use synonyms::Synonyms;
