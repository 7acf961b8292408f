//! Build script of the window: capabilities, the command list, and a placeholder page when ui/ was not built yet.
fn main() {
    let index = std::path::Path::new("ui/dist/index.html");
    if !index.exists() {
        std::fs::create_dir_all("ui/dist").expect("ui/dist can be created");
        std::fs::write(
            index,
            "<!doctype html><title>Overread</title><p>Build the page first: cargo xtask setup",
        )
        .expect("ui/dist is writable");
    }
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern("./src-tauri/capabilities/**/*")
        .app_manifest(tauri_build::AppManifest::new().commands(&["call", "start", "cancel", "pick"]));
    tauri_build::try_build(attributes).expect("tauri build script");
}
