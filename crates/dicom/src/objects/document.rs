//! Encapsulated documents (PS3.3 C.24.2): PDF, CDA, STL, OBJ. Their bytes, never their meaning.

use dicom_dictionary_std::tags;

use crate::dataset::{bytes, number, text};
use crate::error::DicomError;
use crate::file::DicomFile;

/// A document as it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Document Title; may be empty.
    pub title: String,
    /// MIME type as the file says, or as its first bytes say.
    pub mime: String,
    /// A file extension for it, without the dot.
    pub extension: &'static str,
    /// The document's bytes, without padding where the file says how long it is.
    pub bytes: Vec<u8>,
}

/// Reads the document of an opened file. Its size is bounded by the largest header that is parsed.
///
/// # Errors
/// [`DicomError::Missing`] when there is none.
pub fn read(file: &DicomFile) -> Result<Document, DicomError> {
    let d = &file.dataset;
    let mut content = bytes(d, tags::ENCAPSULATED_DOCUMENT)
        .filter(|b| !b.is_empty())
        .ok_or(DicomError::Missing("an encapsulated document"))?;
    let mime = text(d, tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT).unwrap_or_else(|| {
        match content.as_slice() {
            [b'%', b'P', b'D', b'F', ..] => "application/pdf",
            [b'<', ..] => "text/xml",
            _ => "application/octet-stream",
        }
        .to_owned()
    });
    let length = number(d, tags::ENCAPSULATED_DOCUMENT_LENGTH).filter(|v| *v >= 1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at least 1; beyond the content it changes nothing"
    )]
    match length {
        Some(length) => content.truncate(length as usize),
        // An odd text is padded by one zero byte (PS3.5 8.2); the zeros of a model are its own.
        None if content.last() == Some(&0) && matches!(extension(&mime), "pdf" | "xml" | "obj" | "mtl") => {
            content.pop();
        }
        None => {}
    }
    Ok(Document {
        title: text(d, tags::DOCUMENT_TITLE).unwrap_or_default(),
        extension: extension(&mime),
        mime,
        bytes: content,
    })
}

fn extension(mime: &str) -> &'static str {
    match mime.to_ascii_lowercase().as_str() {
        "application/pdf" => "pdf",
        "text/xml" | "application/xml" => "xml",
        "model/stl" | "application/sla" => "stl",
        "model/obj" => "obj",
        "model/mtl" => "mtl",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use dicom_core::{DataElement, PrimitiveValue, VR};

    use super::*;
    use crate::objects::testing::{self, object, put};

    fn document(content: &[u8], length: Option<u32>) -> Document {
        let mut d = object("1.2.840.10008.5.1.4.1.1.104.1", "DOC");
        put(&mut d, tags::DOCUMENT_TITLE, VR::ST, "Letter");
        d.put(DataElement::new(
            tags::ENCAPSULATED_DOCUMENT,
            VR::OB,
            PrimitiveValue::U8(content.iter().copied().collect()),
        ));
        if let Some(length) = length {
            let value = PrimitiveValue::from(length);
            d.put(DataElement::new(
                tags::ENCAPSULATED_DOCUMENT_LENGTH,
                VR::UL,
                value,
            ));
        }
        read(&testing::file(d)).expect("a document")
    }

    #[test]
    fn the_bytes_lose_their_padding_and_nothing_else() {
        let odd = document(b"%PDF-1.4 ab", None);
        assert_eq!(
            (odd.bytes.as_slice(), odd.extension),
            (&b"%PDF-1.4 ab"[..], "pdf")
        );
        assert_eq!(odd.title, "Letter");
        assert_eq!(document(b"%PDF-1.4 a\0\0", Some(12)).bytes, b"%PDF-1.4 a\0\0");
        assert_eq!(document(b"abcd", Some(4_000_000_000)).bytes, b"abcd");
        let empty = testing::file(object("1.2.840.10008.5.1.4.1.1.104.1", "DOC"));
        assert!(matches!(read(&empty), Err(DicomError::Missing(_))));
    }
}
