//! `cargo xtask demo`: the whole read on the bundled study with the bundled model.

use std::env;

use crate::process::{self, Outcome, cargo, command, npm, target};
use crate::setup;

/// Builds, makes the study, lays the trained model beside it, and opens the app; without a display the same read runs headless.
pub(crate) fn run(headless: bool, tune: bool) -> Outcome {
    if tune {
        // No window: nothing but the command line is built.
        process::run(cargo().args(["build", "--package", "overread-cli"]))?;
        return process::run(command(target().join("debug").join("overread")).args(["demo", "--tune"]));
    }
    setup::to_run()?;
    println!("building the page and the desk (the first time takes about ten minutes on two cores)");
    process::run(npm().args(["run", "--silent", "build"]))?;
    process::run(cargo().args(["build", "--package", "overread-cli", "--package", "overread-app"]))?;
    let overread = target().join("debug").join("overread");
    let display = ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| env::var_os(name).is_some_and(|v| !v.is_empty()));
    if headless || !display {
        if !headless {
            println!("no display here: doing the same read headless");
        }
        return process::run(command(overread).arg("demo"));
    }
    process::run(command(overread).args(["demo", "--open"]))
}
