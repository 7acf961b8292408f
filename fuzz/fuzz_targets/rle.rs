//! RLE frames, as compressed pixels of a file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use overread_fuzz as reader;

fuzz_target!(|data: &[u8]| {
    reader::frame_of("1.2.840.10008.1.2.5", data);
});
