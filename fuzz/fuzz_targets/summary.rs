//! An object that is listed: reports, presentation states, structure sets, whatever their content says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use overread_dicom::parse::parse;
use overread_dicom::syntax::Encoding;
use overread_dicom::walk::{Walked, walk};
use overread_fuzz as reader;

fuzz_target!(|data: &[u8]| {
    let (walked, untidy) = walk(data, 0, 0, true, Encoding::ExplicitLittle);
    let (Walked::Complete { end, .. } | Walked::Damaged { end, .. }) = walked else {
        return;
    };
    let Ok(parsed) = parse(data, 0..end, Encoding::ExplicitLittle, untidy, None) else {
        return;
    };
    for class in reader::CLASSES {
        let mut object = parsed.clone();
        reader::set_class(&mut object, class);
        let _ = (
            overread_dicom::object::kind(&object),
            overread_dicom::object::summary(&object),
        );
    }
});
