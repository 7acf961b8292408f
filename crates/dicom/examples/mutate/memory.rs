//! An allocator that counts: bytes alive and their peak, for each thread on its own.
#![expect(
    unsafe_code,
    reason = "a global allocator is an unsafe trait; everything is handed to the system's"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static ALIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

pub(crate) struct Counting;

fn more(size: usize) {
    let _ = ALIVE.try_with(|alive| {
        let now = alive.get().saturating_add(size);
        alive.set(now);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(now)));
    });
}

fn less(size: usize) {
    let _ = ALIVE.try_with(|alive| alive.set(alive.get().saturating_sub(size)));
}

// SAFETY: every call goes to the system's allocator with the arguments it came with; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        more(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        more(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        less(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        more(size);
        less(layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// Begins to measure on this thread; gives the bytes alive.
pub(crate) fn begin() -> usize {
    let alive = ALIVE.get();
    PEAK.set(alive);
    alive
}

/// Most bytes alive on this thread since [`begin`], over what was alive then.
pub(crate) fn peak_over(alive: usize) -> usize {
    PEAK.get().saturating_sub(alive)
}
