//! JPEG streams: DCT of 8 and 12 bits, lossless.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = overread_dicom::codec::jpeg::decode(data, 1 << 20, data.len() % 2 == 0);
});
