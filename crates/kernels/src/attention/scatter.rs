//! One slice written by several tasks, each its own rows.

use std::marker::PhantomData;

/// A slice that tasks write rows of.
#[derive(Clone, Copy)]
pub(super) struct Scatter<'a> {
    at: *mut f32,
    length: usize,
    slice: PhantomData<&'a mut [f32]>,
}

#[expect(unsafe_code, reason = "rows of one slice are written by several threads")]
// SAFETY: it is a mutable slice in parts; that no part is held twice is the promise of `row`'s callers.
unsafe impl Send for Scatter<'_> {}
#[expect(unsafe_code, reason = "rows of one slice are written by several threads")]
// SAFETY: as above.
unsafe impl Sync for Scatter<'_> {}

impl<'a> Scatter<'a> {
    /// All of a slice.
    pub(super) fn new(slice: &'a mut [f32]) -> Self {
        Self {
            at: slice.as_mut_ptr(),
            length: slice.len(),
            slice: PhantomData,
        }
    }

    /// A row to write.
    ///
    /// # Safety
    /// Nothing else may hold a row that overlaps it.
    #[expect(unsafe_code, reason = "rows of one slice are written by several threads")]
    #[expect(clippy::mut_from_ref, reason = "rows are told apart by the callers")]
    pub(super) unsafe fn row(&self, at: usize, length: usize) -> &mut [f32] {
        assert!(
            at <= self.length && length <= self.length - at,
            "a row inside the slice"
        );
        // SAFETY: inside the slice, and held once, says the caller.
        unsafe { std::slice::from_raw_parts_mut(self.at.add(at), length) }
    }
}
