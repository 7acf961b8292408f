//! The operations of the model, each with its backward pass.
//!
//! A forward pass gives what its backward pass needs; a backward pass takes the gradient of the loss by the output and
//! adds the gradients by parameters to [`Gradients`]. All is row-major: `[rows, width]`.

pub(crate) mod activation;
pub(crate) mod attention;
pub(crate) mod linear;
pub(crate) mod loss;
pub(crate) mod norm;
pub(crate) mod rotation;

use overread_kernels::dense::Real;

use crate::parameters::Parameters;
use crate::random::Draw;

/// What every operation of a pass needs to know. Cheap to copy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass<'a, T> {
    pub(crate) parameters: &'a Parameters<T>,
    /// Threads that may share one product; 1 where parts of the batch run side by side.
    pub(crate) threads: usize,
    /// Says which values dropout leaves out; `None`: none, as when the model is judged.
    pub(crate) draw: Option<Draw>,
}

/// Sum of products, eight partial sums side by side.
pub(crate) fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let (a_rest, b_rest) = (a8.remainder(), b8.remainder());
    let mut sums = [T::ZERO; 8];
    for (a, b) in a8.zip(b8) {
        for i in 0..8 {
            sums[i] += a[i] * b[i];
        }
    }
    let rest: T = a_rest.iter().zip(b_rest).map(|(a, b)| *a * *b).sum();
    sums.into_iter().sum::<T>() + rest
}

/// Sum, eight partial sums side by side.
pub(crate) fn total<T: Real>(a: &[T]) -> T {
    let a8 = a.chunks_exact(8);
    let rest: T = a8.remainder().iter().copied().sum();
    let mut sums = [T::ZERO; 8];
    for a in a8 {
        add(&mut sums, a);
    }
    sums.into_iter().sum::<T>() + rest
}

/// `a += b`.
pub(crate) fn add<T: Real>(a: &mut [T], b: &[T]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += *b);
}
