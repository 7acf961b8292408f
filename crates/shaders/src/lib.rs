//! WGSL sources, their translation to GLSL ES 3.00 for the page, uniform layouts and WebGL2 rules.
#![forbid(unsafe_code)]
