//! Why a file cannot be read or shown.

use std::path::PathBuf;

/// A failure, as a sentence for the person who opened the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DicomError {
    /// The file system refused.
    #[error("the file cannot be read ({0}); check that it is still there and that you may read it")]
    Io(String),
    /// No DICOM in it.
    #[error("not a DICOM file: {0}")]
    NotDicom(String),
    /// DICOM, but the data set breaks off or lies.
    #[error("the DICOM data set is damaged: {0}")]
    Damaged(String),
    /// The header lacks what an image needs.
    #[error("the header lacks {0}, without which the pixels mean nothing")]
    Missing(&'static str),
    /// Pixel data shorter than the header promises.
    #[error(
        "the pixel data are cut short: frame {frame} needs {needed} bytes and {found} are there; get the file again from its source"
    )]
    Truncated {
        /// Frame number, from 1.
        frame: u32,
        /// Bytes that the header asks for.
        needed: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// A transfer syntax that cannot be decoded.
    #[error(
        "the transfer syntax {0} is not supported; convert the file to an uncompressed or a common compressed form"
    )]
    UnsupportedSyntax(String),
    /// Pixels in a form that cannot be shown.
    #[error("pixels of this form are not supported: {0}")]
    UnsupportedPixels(String),
    /// The codec refused the stream.
    #[error("frame {frame} cannot be decompressed ({reason}); get the file again from its source")]
    Codec {
        /// Frame number, from 1.
        frame: u32,
        /// What the decoder said.
        reason: String,
    },
    /// An overlay plane that cannot be read.
    #[error("{0}")]
    Overlay(String),
    /// No such frame.
    #[error("there is no frame {asked}: the file has {frames}")]
    NoSuchFrame {
        /// Frame number asked for, from 1.
        asked: u32,
        /// Frames there are.
        frames: u32,
    },
    /// Sound DICOM without an image.
    #[error("this is a {0}, which holds no image")]
    NoImage(String),
    /// A zip that cannot be read.
    #[error("the zip cannot be read: {0}; get it again from its source, or unpack it first")]
    Archive(String),
    /// Another file than the one whose header was read.
    #[error("the file has changed since its folder was read; open the folder again")]
    Changed,
    /// A moving picture in one stream.
    #[error("this is a video ({0}), which is listed but not played; use a program for videos")]
    Video(&'static str),
    /// Sound DICOM of another sort than was asked for.
    #[error("this is a {kind}, not a {wanted}; choose another file")]
    UnsupportedObject {
        /// What it is.
        kind: &'static str,
        /// What was asked for.
        wanted: &'static str,
    },
    /// More in it than is read.
    #[error("the object holds more than can be shown ({0}); it is left as it is")]
    TooLarge(String),
    /// A plain picture that cannot be read.
    #[error("the picture cannot be read: {0}")]
    Picture(String),
    /// A path that is not there.
    #[error("there is nothing at {}; check the path", .0.display())]
    NotFound(PathBuf),
}

impl From<std::io::Error> for DicomError {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        match error.kind() {
            // Packed bytes that do not unpack.
            ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof => {
                Self::Damaged(error.to_string())
            }
            _ => Self::Io(error.to_string()),
        }
    }
}
