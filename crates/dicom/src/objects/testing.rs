//! Data sets made for tests, and the bytes of whole files.

use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};

use crate::file::DicomFile;

/// A data set of a class and modality; empty ones are left out.
pub(crate) fn object(class: &str, modality: &str) -> InMemDicomObject {
    let mut d = InMemDicomObject::new_empty();
    if !class.is_empty() {
        put(&mut d, tags::SOP_CLASS_UID, VR::UI, class);
        put(&mut d, tags::SOP_INSTANCE_UID, VR::UI, "1.2.3.4.5");
    }
    if !modality.is_empty() {
        put(&mut d, tags::MODALITY, VR::CS, modality);
    }
    d
}

/// Puts a text; backslashes part its values.
pub(crate) fn put(d: &mut InMemDicomObject, tag: Tag, vr: VR, text: &str) {
    let values: Vec<&str> = text.split('\\').collect();
    let value = match vr {
        VR::UT | VR::LT | VR::ST => PrimitiveValue::from(text),
        _ => PrimitiveValue::Strs(values.into_iter().map(str::to_owned).collect()),
    };
    d.put(DataElement::new(tag, vr, value));
}

/// Puts 16-bit numbers.
pub(crate) fn put_u16(d: &mut InMemDicomObject, tag: Tag, values: &[u16]) {
    let value = PrimitiveValue::U16(values.iter().copied().collect());
    d.put(DataElement::new(tag, VR::US, value));
}

/// Puts a sequence.
pub(crate) fn nest(d: &mut InMemDicomObject, tag: Tag, items: Vec<InMemDicomObject>) {
    d.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
}

/// An item that holds one code.
pub(crate) fn code(value: &str, scheme: &str, meaning: &str) -> InMemDicomObject {
    let mut d = InMemDicomObject::new_empty();
    put(&mut d, tags::CODE_VALUE, VR::SH, value);
    put(&mut d, tags::CODING_SCHEME_DESIGNATOR, VR::SH, scheme);
    put(&mut d, tags::CODE_MEANING, VR::LO, meaning);
    d
}

/// The bytes of a file with meta information, explicit little endian.
pub(crate) fn bytes(d: InMemDicomObject) -> Vec<u8> {
    let class = crate::dataset::text(&d, tags::SOP_CLASS_UID).expect("a class");
    let uid = crate::dataset::text(&d, tags::SOP_INSTANCE_UID).expect("an instance");
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(crate::syntax::EXPLICIT_LITTLE)
        .media_storage_sop_class_uid(class)
        .media_storage_sop_instance_uid(uid);
    let mut out = Vec::new();
    d.with_meta(meta)
        .expect("meta information")
        .write_all(&mut out)
        .expect("written");
    out
}

/// Writes a data set and opens it again as a file.
pub(crate) fn file(d: InMemDicomObject) -> DicomFile {
    DicomFile::from_bytes(bytes(d), None).expect("a file")
}
