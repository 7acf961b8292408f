//! Working memory of a task, kept by each thread between tasks.

use std::cell::RefCell;

use crate::bytes::ALIGNMENT;

/// Numbers in a cache line.
const LINE: usize = ALIGNMENT / size_of::<f32>();

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

/// Numbers that begin at a cache line.
pub(super) struct Aligned(Vec<Line>);

impl Aligned {
    /// `length` zeros, rounded up to whole lines.
    pub(super) fn zeroed(length: usize) -> Self {
        Self(vec![Line([0.0; LINE]); length.div_ceil(LINE)])
    }

    /// The numbers.
    #[expect(unsafe_code, reason = "a view of cache lines as numbers")]
    pub(super) fn get(&self) -> &[f32] {
        // SAFETY: lines are numbers without padding.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len() * LINE) }
    }

    /// The numbers, to be written.
    pub(super) fn get_mut(&mut self) -> &mut [f32] {
        let length = self.0.len() * LINE;
        view_mut(&mut self.0, length)
    }
}

#[expect(unsafe_code, reason = "a view of cache lines as numbers")]
fn view_mut(lines: &mut [Line], length: usize) -> &mut [f32] {
    assert!(length <= lines.len() * LINE, "inside the lines");
    // SAFETY: lines are numbers without padding, and the length was checked.
    unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), length) }
}

thread_local! {
    static KEPT: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
}

/// Runs `work` with memory for `lengths` numbers each, each part beginning at a cache line. What is in it is what
/// earlier tasks have left there.
pub(super) fn with<const N: usize, R>(lengths: [usize; N], work: impl FnOnce([&mut [f32]; N]) -> R) -> R {
    let lines = lengths.map(|length| length.div_ceil(LINE));
    let total = lines.iter().sum();
    KEPT.with(|kept| {
        let mut memory = kept.take();
        if memory.len() < total {
            memory.resize(total, Line([0.0; LINE]));
        }
        let mut rest = memory.as_mut_slice();
        let mut at = 0;
        let parts = lines.map(|count| {
            let (part, after) = std::mem::take(&mut rest).split_at_mut(count);
            rest = after;
            let length = lengths[at];
            at += 1;
            view_mut(part, length)
        });
        let result = work(parts);
        kept.replace(memory);
        result
    })
}
