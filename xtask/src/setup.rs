//! Installs what is missing on Debian and Ubuntu, by name and without asking.

use crate::process::{Outcome, command, has, npm, output, root, run, tools};

/// Packages that building the window needs.
const BUILD: &[&str] = &[
    "build-essential",
    "pkg-config",
    "libwebkit2gtk-4.1-dev",
    "libgtk-3-dev",
    "librsvg2-dev",
    "libssl-dev",
    "libxdo-dev",
];
/// Packages that showing it with software graphics needs.
const RUN: &[&str] = &[
    "mesa-vulkan-drivers",
    "libgl1-mesa-dri",
    "libegl1",
    "libgles2",
    "fonts-dejavu-core",
];
/// Packages that the browser's and the window's tests need.
const TEST: &[&str] = &[
    "xvfb",
    "xauth",
    "dbus-x11",
    "webkit2gtk-driver",
    "chromium",
    "imagemagick",
    "xdotool",
];

/// What is needed to build and run.
pub(crate) fn to_run() -> Outcome {
    packages(&[BUILD, RUN].concat())?;
    page_packages()
}

/// Everything: to build, run and test.
pub(crate) fn everything() -> Outcome {
    packages(&[BUILD, RUN, TEST].concat())?;
    page_packages()?;
    cargo_deny()
}

/// The page's packages, when the lock file changed since they were installed.
fn page_packages() -> Outcome {
    if !has("npm") {
        return Err("npm was not found: install Node.js 20.19 or newer, then run this again.".to_owned());
    }
    let ui = root().join("ui");
    let installed = std::fs::metadata(ui.join("node_modules/.package-lock.json")).and_then(|m| m.modified());
    let locked = std::fs::metadata(ui.join("package-lock.json")).and_then(|m| m.modified());
    if matches!((&installed, &locked), (Ok(installed), Ok(locked)) if installed >= locked) {
        return Ok(());
    }
    println!("installing the page's packages (npm ci in ui/)");
    run(npm().args(["ci", "--prefer-offline"]))
}

/// cargo-deny, built once into the tools' folder.
fn cargo_deny() -> Outcome {
    if has("cargo-deny") {
        return Ok(());
    }
    println!("installing cargo-deny into {} (once)", tools().display());
    let root = tools();
    run(crate::process::cargo()
        .args([
            "install",
            "--quiet",
            "--locked",
            "cargo-deny",
            "--no-default-features",
            "--root",
        ])
        .arg(root))
}

fn packages(wanted: &[&str]) -> Outcome {
    if !has("dpkg-query") || !has("apt-get") {
        println!(
            "not a Debian or Ubuntu machine: make sure these are installed: {}",
            wanted.join(" ")
        );
        return Ok(());
    }
    let missing: Vec<&str> = wanted
        .iter()
        .copied()
        .filter(|package| !installed(package))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("installing {}", missing.join(" "));
    let prefix: &[&str] = if is_root() {
        &[]
    } else if output(command("sudo").args(["-n", "true"])).is_some() {
        &["sudo", "-n"]
    } else {
        return Err(format!(
            "These packages are missing and cannot be installed without a password. Run this, then start again:\n\
             sudo apt-get update && sudo apt-get install -y {}",
            missing.join(" ")
        ));
    };
    let apt = |arguments: &[&str]| {
        let line: Vec<&str> = prefix
            .iter()
            .copied()
            .chain(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"])
            .chain(arguments.iter().copied())
            .collect();
        run(command(line[0]).args(&line[1..]))
    };
    apt(&["update"])?;
    let install: Vec<&str> = ["install", "-y", "--no-install-recommends"]
        .into_iter()
        .chain(missing)
        .collect();
    apt(&install)
}

/// Ubuntu's `chromium` package is an empty hull around a snap that tests cannot start; any Chromium or Chrome will do.
fn installed(package: &str) -> bool {
    if package == "chromium" && (has("google-chrome") || has("chromium-browser")) {
        return true;
    }
    output(command("dpkg-query").args(["-W", "-f=${Status}", package]))
        .is_some_and(|status| status.contains("install ok installed"))
}

fn is_root() -> bool {
    output(command("id").arg("-u")).is_some_and(|id| id.trim() == "0")
}
