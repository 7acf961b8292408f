//! Files made from others and committed: the page's types, the translated shaders, the page on conformance. Tests refuse
//! stale ones.

use crate::process::{Outcome, cargo, root, run};

/// Writes all of them.
pub(crate) fn write() -> Outcome {
    let types = root().join("ui/src/backend/generated");
    if types.is_dir() {
        std::fs::remove_dir_all(&types).map_err(|error| format!("{} stays: {error}.", types.display()))?;
    }
    run(cargo()
        .args(["test", "--quiet", "--package", "overread-desk", "--lib", "wire"])
        .env("TS_RS_EXPORT_DIR", &types)
        .env("OVERREAD_CODEGEN", "1"))?;
    run(cargo()
        .args(["test", "--quiet", "--package", "overread-shaders", "fresh"])
        .env("OVERREAD_CODEGEN", "1"))
}

/// Writes `docs/conformance.md` from a run over the test corpus.
pub(crate) fn conformance() -> Outcome {
    run(cargo()
        .args([
            "test",
            "--quiet",
            "--package",
            "overread-dicom",
            "--test",
            "corpus",
            "conformance",
        ])
        .env("OVERREAD_CODEGEN", "1"))
}
