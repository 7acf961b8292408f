//! JPEG XL streams.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = overread_dicom::codec::jpegxl::decode(data, 1 << 20);
});
