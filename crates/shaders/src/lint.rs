//! Rules of WebGL2 as code: what some driver gets wrong, or what has no counterpart there.

use naga::{AddressSpace, Expression, Module, TypeInner};

/// What a shader does that it must not.
pub fn check(module: &Module) -> Vec<String> {
    let mut wrong = Vec::new();
    for (_, variable) in module.global_variables.iter() {
        if matches!(
            variable.space,
            AddressSpace::Storage { .. } | AddressSpace::WorkGroup
        ) {
            wrong.push(format!("{:?} lives in storage: WebGL2 has none", variable.name));
        }
        if matches!(module.types[variable.ty].inner, TypeInner::Sampler { .. }) {
            wrong.push(format!(
                "{:?} is a sampler: integer textures are read texel by texel",
                variable.name
            ));
        }
    }
    // Uniform members other than vec4 are laid out differently by WGSL and std140.
    for (_, kind) in module.types.iter() {
        let TypeInner::Struct { members, .. } = &kind.inner else {
            continue;
        };
        if kind.name.as_deref() != Some("Present") {
            continue;
        }
        for member in members {
            if !matches!(
                module.types[member.ty].inner,
                TypeInner::Vector {
                    size: naga::VectorSize::Quad,
                    ..
                }
            ) {
                wrong.push(format!("uniform {:?} is no vec4", member.name));
            }
        }
    }
    let functions = module
        .functions
        .iter()
        .map(|(_, f)| f)
        .chain(module.entry_points.iter().map(|e| &e.function));
    for function in functions {
        for (_, expression) in function.expressions.iter() {
            if matches!(expression, Expression::Access { .. }) {
                wrong.push(format!(
                    "{:?} indexes an array by a computed value",
                    function.name
                ));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::glsl::parse;

    #[test]
    fn the_presentation_shader_keeps_the_rules() {
        let (module, _) = parse(crate::PRESENT_WGSL).expect("valid");
        assert_eq!(check(&module), Vec::<String>::new());
    }

    #[test]
    fn storage_and_computed_indices_are_named() {
        let source = "@group(0) @binding(0) var<storage> s: array<f32>;
            @fragment fn fs_main(@location(0) @interpolate(flat) i: u32) -> @location(0) vec4<f32> { return vec4<f32>(s[i]); }";
        let (module, _) = parse(source).expect("valid");
        assert_eq!(check(&module).len(), 2);
    }
}
