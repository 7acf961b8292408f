//! From a scenario of the reference values (its kind and input) to our own values, for tests and `cargo xtask golden`.

mod compare;
mod first;
mod ideal;
mod input;
mod second;

use serde_json::Value;

pub use compare::differences;

/// Our values of a scenario; `None` for an unknown kind.
///
/// # Errors
/// In words, what of the input cannot be used.
pub fn compute(kind: &str, input: &Value) -> Option<Result<Value, String>> {
    first::compute(kind, input).or_else(|| second::compute(kind, input))
}
