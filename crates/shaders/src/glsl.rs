//! WGSL to GLSL ES 3.00 by naga, with the names that the translation gave.

use std::collections::BTreeMap;

use naga::back::glsl::{Options, PipelineOptions, Version, Writer, WriterFlags};
use naga::proc::BoundsCheckPolicies;
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{Module, ShaderStage};

/// A shader that cannot be translated.
#[derive(Debug, thiserror::Error)]
pub enum ShaderError {
    /// Not WGSL, or not valid.
    #[error("the shader is not valid: {0}")]
    Invalid(String),
    /// Beyond GLSL ES 3.00.
    #[error("the shader cannot be translated: {0}")]
    Translation(String),
}

/// One translated stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// GLSL ES 3.00.
    pub source: String,
    /// Names of uniform blocks.
    pub blocks: Vec<String>,
    /// WGSL texture name to GLSL sampler name.
    pub textures: BTreeMap<String, String>,
}

/// All stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translation {
    /// Vertex stage.
    pub vertex: Stage,
    /// Fragment stage for everything.
    pub fragment: Stage,
    /// Fragment stage for what [`crate::uniforms::PresentUniforms::is_window`] allows.
    pub window: Stage,
}

/// Parses and validates.
///
/// # Errors
/// [`ShaderError::Invalid`].
pub fn parse(source: &str) -> Result<(Module, ModuleInfo), ShaderError> {
    let module =
        naga::front::wgsl::parse_str(source).map_err(|e| ShaderError::Invalid(e.emit_to_string(source)))?;
    let info = Validator::new(ValidationFlags::all(), Capabilities::empty())
        .validate(&module)
        .map_err(|e| ShaderError::Invalid(e.to_string()))?;
    Ok((module, info))
}

/// Translates the entry points `vs_main`, `fs_main` and `fs_window`.
///
/// # Errors
/// [`ShaderError`].
pub fn translate(source: &str) -> Result<Translation, ShaderError> {
    let (module, info) = parse(source)?;
    Ok(Translation {
        vertex: stage(&module, &info, ShaderStage::Vertex, "vs_main")?,
        fragment: stage(&module, &info, ShaderStage::Fragment, "fs_main")?,
        window: stage(&module, &info, ShaderStage::Fragment, "fs_window")?,
    })
}

fn stage(module: &Module, info: &ModuleInfo, stage: ShaderStage, entry: &str) -> Result<Stage, ShaderError> {
    let options = Options {
        version: Version::Embedded {
            version: 300,
            is_webgl: true,
        },
        writer_flags: WriterFlags::empty(),
        ..Default::default()
    };
    let pipeline = PipelineOptions {
        shader_stage: stage,
        entry_point: entry.to_owned(),
        multiview: None,
    };
    let mut source = String::new();
    let failed = |e: naga::back::glsl::Error| ShaderError::Translation(e.to_string());
    let reflection = Writer::new(
        &mut source,
        module,
        info,
        &options,
        &pipeline,
        BoundsCheckPolicies::default(),
    )
    .map_err(failed)?
    .write()
    .map_err(failed)?;
    let mut blocks: Vec<String> = reflection.uniforms.values().cloned().collect();
    blocks.sort();
    let textures = reflection
        .texture_mapping
        .iter()
        .filter_map(|(name, mapping)| {
            let own = module.global_variables[mapping.texture].name.clone()?;
            Some((own, name.clone()))
        })
        .collect();
    Ok(Stage {
        source,
        blocks,
        textures,
    })
}
