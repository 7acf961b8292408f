//! GELU in its tanh form (Hendrycks and Gimpel 2016).

use overread_kernels::dense::Real;

/// sqrt(2 / pi).
const ROOT: f64 = 0.797_884_560_802_865_4;
const CUBE: f64 = 0.044_715;

pub(crate) fn gelu<T: Real>(z: T) -> T {
    let t = (T::of(ROOT) * (z + T::of(CUBE) * z * z * z)).tanh();
    T::of(0.5) * z * (T::ONE + t)
}

/// Its derivative.
pub(crate) fn gelu_slope<T: Real>(z: T) -> T {
    let t = (T::of(ROOT) * (z + T::of(CUBE) * z * z * z)).tanh();
    let inner = T::of(ROOT) * (T::ONE + T::of(3.0 * CUBE) * z * z);
    T::of(0.5) * (T::ONE + t) + T::of(0.5) * z * (T::ONE - t * t) * inner
}

/// `gelu(gate) * up`.
pub(crate) fn gated<T: Real>(gate: &[T], up: &[T]) -> Vec<T> {
    gate.iter().zip(up).map(|(g, u)| gelu(*g) * *u).collect()
}

/// Gradients by gate and up.
pub(crate) fn gated_backward<T: Real>(gate: &[T], up: &[T], dy: &[T]) -> (Vec<T>, Vec<T>) {
    let by_gate = gate
        .iter()
        .zip(up)
        .zip(dy)
        .map(|((g, u), d)| *d * *u * gelu_slope(*g));
    let by_up = gate.iter().zip(dy).map(|(g, d)| *d * gelu(*g));
    (by_gate.collect(), by_up.collect())
}
