//! Running programs from the repository's root.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A task's outcome; the error is a sentence for the terminal.
pub(crate) type Outcome = Result<(), String>;

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, Path::to_path_buf)
}

/// The folder that cargo builds into.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Where tools are installed once for all checkouts.
pub(crate) fn tools() -> PathBuf {
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    cache.unwrap_or_else(env::temp_dir).join("overread").join("tools")
}

/// A command in the root, with the tools' folder on its path.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    let path = env::var_os("PATH").unwrap_or_default();
    let with_tools = env::join_paths(std::iter::once(tools().join("bin")).chain(env::split_paths(&path)));
    command
        .current_dir(root())
        .stdin(Stdio::null())
        .env("PATH", with_tools.unwrap_or(path));
    command
}

/// cargo, as it was when this task was started.
pub(crate) fn cargo() -> Command {
    let mut command = command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // The outer cargo's own variables would name the wrong package to build scripts.
    for (name, _) in env::vars_os().filter(|(name, _)| {
        name.to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR")
    }) {
        command.env_remove(name);
    }
    command
}

/// npm in ui/.
pub(crate) fn npm() -> Command {
    let mut command = command("npm");
    command
        .current_dir(root().join("ui"))
        .env("npm_config_fund", "false")
        .env("npm_config_audit", "false");
    command
}

/// Runs to the end; an error names the command.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let line = describe(command);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{line}` ended with {status}.")),
        Err(error) => Err(format!("`{line}` could not be started: {error}.")),
    }
}

/// Standard output of a command that succeeded, or `None`.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// True when a program can be started.
pub(crate) fn has(program: &str) -> bool {
    env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .chain(std::iter::once(tools().join("bin")))
        .any(|folder| folder.join(program).is_file())
}

fn describe(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|part| part.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}
