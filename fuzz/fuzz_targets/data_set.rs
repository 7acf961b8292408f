//! A data set without a file around it, in each encoding.
#![no_main]

use libfuzzer_sys::fuzz_target;
use overread_dicom::parse::parse;
use overread_dicom::syntax::Encoding;
use overread_dicom::walk::{Walked, walk};

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    let encoding = match first % 3 {
        0 => Encoding::ImplicitLittle,
        1 => Encoding::ExplicitLittle,
        _ => Encoding::ExplicitBig,
    };
    let (walked, untidy) = walk(rest, 0, 0, true, encoding);
    let end = match walked {
        Walked::Complete { end, .. } | Walked::Damaged { end, .. } => end,
        Walked::NeedMore => rest.len(),
    };
    if let Ok(parsed) = parse(rest, 0..end, encoding, untidy, None) {
        let _ = overread_dicom::object::summary(&parsed);
    }
});
