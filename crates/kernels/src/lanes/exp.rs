//! The exponential, and GELU by it.

use super::Lanes;

// Minimax polynomials of 2^f for |f| <= 1/2, by the exchange method of Remez; relative error 1.9e-9 and 2.6e-6.
const TWO_6: [f32; 7] = [
    1.0,
    std::f32::consts::LN_2,
    0.240_226_46,
    0.055_503_286,
    0.009_618_489,
    0.001_339_993_1,
    0.000_153_458_12,
];
const TWO_4: [f32; 5] = [
    0.999_999_3,
    0.693_121_8,
    0.240_247_44,
    0.055_917_86,
    0.009_570_102,
];
// The same of e^r for |r| <= ln 2 / 2; relative error 1.9e-9.
const E_6: [f32; 7] = [
    1.0,
    1.0,
    0.499_999_9,
    0.166_664_2,
    0.041_668_225,
    0.008_374_824,
    0.001_383_683_5,
];

#[inline(always)]
fn polynomial<L: Lanes>(l: L, x: L::F, coefficients: &[f32]) -> L::F {
    let (last, rest) = coefficients.split_last().unwrap_or((&0.0, &[]));
    let mut value = l.splat(*last);
    for c in rest.iter().rev() {
        value = l.madd(value, x, l.splat(*c));
    }
    value
}

/// `2^x` for `x` up to 127, minus infinity included: within 2 ulp, or 3e-6 with `DEGREE` 4.
#[inline(always)]
pub(crate) fn exp2<L: Lanes, const DEGREE: usize>(l: L, x: L::F) -> L::F {
    // What is not a number stays so: it is the second operand.
    let x = l.max(l.splat(-150.0), x);
    let n = l.round(x);
    let f = l.sub(x, n);
    let p = if DEGREE >= 6 {
        polynomial(l, f, &TWO_6)
    } else {
        polynomial(l, f, &TWO_4)
    };
    l.scale2(p, n)
}

/// `e^x`, within 2 ulp; infinity from about 88 on.
#[inline(always)]
pub(crate) fn exp<L: Lanes>(l: L, x: L::F) -> L::F {
    let x = l.max(l.splat(-105.0), l.min(l.splat(89.0), x));
    let n = l.round(l.mul(x, l.splat(std::f32::consts::LOG2_E)));
    // ln 2 in two parts, the first short enough for n times it to be exact.
    let r = l.madd(n, l.splat(-0.693_359_4), x);
    let r = l.madd(n, l.splat(2.121_944_4e-4), r);
    l.scale2(polynomial(l, r, &E_6), n)
}

/// GELU, tanh form, as [`gelu_tanh`](crate::rows::gelu_tanh): z / (1 + e^(-2u)) equals z (1 + tanh u) / 2.
#[inline(always)]
pub(crate) fn gelu_tanh<L: Lanes>(l: L, z: L::F) -> L::F {
    let cubic = l.madd(l.mul(z, z), l.splat(0.044_715), l.splat(1.0));
    let twice = l.mul(l.mul(z, l.splat(-2.0 * 0.797_884_6)), cubic);
    l.div(z, l.add(l.splat(1.0), exp(l, twice)))
}
