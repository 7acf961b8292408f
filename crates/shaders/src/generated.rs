//! Files made from the shader and committed for the page; a test refuses stale ones.

use crate::PRESENT_WGSL;
use crate::glsl::{ShaderError, translate};
use crate::uniforms::{BYTES, OFFSETS};

/// Paths below the repository and their contents.
///
/// # Errors
/// When the shader cannot be translated.
pub fn files() -> Result<Vec<(&'static str, String)>, ShaderError> {
    const NOTE: &str =
        "// Generated from crates/shaders/wgsl/present.wgsl; `cargo xtask codegen` writes it.\n";
    let translation = translate(PRESENT_WGSL)?;
    let quote = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let (v, f, w) = (&translation.vertex, &translation.fragment, &translation.window);
    let mut shaders = String::from(NOTE);
    for (name, stage) in [("VERTEX", v), ("FRAGMENT", f), ("WINDOW", w)] {
        shaders.push_str(&format!(
            "\nexport const {name}_SOURCE = `{}`;\n",
            stage.source.replace('`', "")
        ));
    }
    let mut blocks: Vec<&String> = v.blocks.iter().chain(&f.blocks).chain(&w.blocks).collect();
    blocks.dedup();
    shaders.push_str("\n/** Uniform blocks; all are bound to the one buffer. */\n");
    let list: Vec<String> = blocks.iter().map(|b| quote(b)).collect();
    shaders.push_str(&format!(
        "export const BLOCKS = [{}] as const;\n",
        list.join(", ")
    ));
    shaders.push_str("\n/** Texture names of the shader to sampler names of the translation. */\nexport const TEXTURES = {\n");
    for (own, name) in &f.textures {
        shaders.push_str(&format!("  {own}: {},\n", quote(name)));
    }
    shaders.push_str("} as const;\n");

    let mut uniforms = String::from(NOTE);
    uniforms.push_str(&format!(
        "\n/** Bytes of the uniform block. */\nexport const UNIFORM_BYTES = {BYTES};\n"
    ));
    uniforms.push_str("\n/** Byte offset of each vec4 of the block. */\nexport const OFFSETS = {\n");
    for (name, offset) in OFFSETS {
        uniforms.push_str(&format!("  {name}: {offset},\n"));
    }
    uniforms.push_str("} as const;\n");
    Ok(vec![
        ("crates/shaders/generated/present.vert.glsl", v.source.clone()),
        ("crates/shaders/generated/present.frag.glsl", f.source.clone()),
        ("crates/shaders/generated/window.frag.glsl", w.source.clone()),
        ("ui/src/gpu/generated/shaders.ts", shaders),
        ("ui/src/gpu/generated/uniforms.ts", uniforms),
    ])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn committed_files_are_fresh() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for (path, fresh) in super::files().expect("translates") {
            let path = root.join(path);
            if std::env::var_os("OVERREAD_CODEGEN").is_some() {
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("folder can be made");
                std::fs::write(&path, fresh).expect("file can be written");
                continue;
            }
            let committed = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(
                committed == fresh,
                "{} is stale: run `cargo xtask codegen`",
                path.display()
            );
        }
    }
}
