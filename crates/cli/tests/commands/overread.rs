//! Runs the binary.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A place of its own for one test.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::new().expect("a temporary folder"),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The binary with a home of its own.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_overread"));
        command.env("OVERREAD_HOME", self.path("home"));
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().expect("the binary runs")
    }

    /// Runs to exit 0; gives the standard output.
    pub(crate) fn done(&self, arguments: &[&str]) -> Vec<u8> {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{arguments:?} ended with {:?}: {}",
            output.status.code(),
            words(&output)
        );
        output.stdout
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_slice(&self.done(arguments)).expect("JSON on the standard output")
    }

    /// Small made cases.
    pub(crate) fn phantoms(&self, count: usize, volumes: bool) -> PathBuf {
        let out = self.path("cases");
        let count = count.to_string();
        let mut arguments = vec!["phantom", "--out", text(&out), "--n", &count, "--seed", "3"];
        if volumes {
            arguments.push("--volumes");
        }
        self.done(&arguments);
        out
    }
}

/// The standard error as text.
pub(crate) fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("test paths are text")
}
