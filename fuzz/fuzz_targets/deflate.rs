//! Deflated data sets and deflated frames.
#![no_main]

use libfuzzer_sys::fuzz_target;
use overread_fuzz as reader;

fuzz_target!(|data: &[u8]| {
    reader::deflated(data);
    reader::frame_of("1.2.840.10008.1.2.8.1", data);
});
