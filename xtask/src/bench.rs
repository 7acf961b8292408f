//! `cargo xtask bench`: the page's figures, measured in a browser beside its peer.

use crate::process::{self, Outcome, cargo, command, npm, root, target};
use crate::setup;

/// Builds with optimisation and runs the page's benchmark; arguments go to it.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    setup::everything()?;
    process::run(npm().args(["run", "--silent", "build"]))?;
    process::run(cargo().args(["build", "--release", "--package", "overread-cli"]))?;
    process::run(
        command("node")
            .arg(root().join("tests/bench/page.mjs"))
            .args(arguments)
            .env("OVERREAD_BINARY", target().join("release/overread")),
    )
}
