//! The one shader of a pixel: WGSL for wgpu, translated to GLSL ES 3.00 for the page.
//!
//! [`PRESENT_WGSL`] is the source; [`uniforms::PresentUniforms`] its uniform block; [`glsl::translate`] makes the
//! page's shaders; [`generated::files`] lists what is committed from it; [`lint`] holds the rules of WebGL2 as code.
#![forbid(unsafe_code)]

pub mod generated;
pub mod glsl;
pub mod lint;
pub mod uniforms;

/// Source of the presentation shader.
pub const PRESENT_WGSL: &str = include_str!("../wgsl/present.wgsl");

/// Entries in a row of a LUT texture.
pub const LUT_ROW: u32 = 1024;
