//! Transfer syntaxes (PS3.5 annex A): how the data set is encoded, and which codec packs the pixels.

/// Encoding of the data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Implicit VR little endian.
    ImplicitLittle,
    /// Explicit VR little endian.
    ExplicitLittle,
    /// Explicit VR big endian.
    ExplicitBig,
}

/// How pixel data are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Native.
    None,
    /// Encapsulated but not compressed.
    Encapsulated,
    /// RLE Lossless (PS3.5 annex G).
    Rle,
    /// JPEG DCT processes and lossless (ITU-T T.81).
    Jpeg,
    /// JPEG-LS (ITU-T T.87).
    JpegLs,
    /// JPEG 2000 and HTJ2K (ITU-T T.800, T.814).
    Jpeg2000,
    /// JPEG XL (ISO/IEC 18181).
    JpegXl,
    /// Each frame deflated.
    DeflatedFrame,
    /// Something that cannot be decoded here: MPEG, HEVC, JPIP …
    Unsupported,
}

/// What a transfer syntax UID means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Syntax {
    /// The UID as written.
    pub uid: String,
    /// Name for people.
    pub name: &'static str,
    /// Encoding of the data set.
    pub encoding: Encoding,
    /// The whole data set is deflated.
    pub deflated: bool,
    /// Pixel codec.
    pub codec: Codec,
    /// The codec always loses information.
    pub lossy: bool,
}

/// Explicit VR Little Endian.
pub const EXPLICIT_LITTLE: &str = "1.2.840.10008.1.2.1";
/// Implicit VR Little Endian.
pub const IMPLICIT_LITTLE: &str = "1.2.840.10008.1.2";
/// Explicit VR Big Endian.
pub const EXPLICIT_BIG: &str = "1.2.840.10008.1.2.2";

/// Looks a UID up; unknown ones are taken as explicit little endian with an unknown codec.
pub fn syntax(uid: &str) -> Syntax {
    use Codec::{DeflatedFrame, Encapsulated, Jpeg, Jpeg2000, JpegLs, JpegXl, None, Rle, Unsupported};
    let uid = uid.trim_matches(|c: char| c == '\0' || c.is_whitespace());
    let (name, codec, lossy) = match uid.strip_prefix("1.2.840.10008.1.2").unwrap_or("?") {
        "" => ("Implicit VR Little Endian", None, false),
        ".1" => ("Explicit VR Little Endian", None, false),
        ".1.98" => ("Encapsulated Uncompressed", Encapsulated, false),
        ".1.99" => ("Deflated Explicit VR Little Endian", None, false),
        ".2" => ("Explicit VR Big Endian", None, false),
        ".4.50" => ("JPEG Baseline", Jpeg, true),
        ".4.51" => ("JPEG Extended", Jpeg, true),
        ".4.52" | ".4.53" => ("JPEG Spectral Selection", Jpeg, true),
        ".4.54" | ".4.55" => ("JPEG Full Progression", Jpeg, true),
        ".4.57" => ("JPEG Lossless", Jpeg, false),
        ".4.70" => ("JPEG Lossless SV1", Jpeg, false),
        ".4.80" => ("JPEG-LS Lossless", JpegLs, false),
        ".4.81" => ("JPEG-LS Near-lossless", JpegLs, true),
        ".4.90" => ("JPEG 2000 Lossless", Jpeg2000, false),
        ".4.91" => ("JPEG 2000", Jpeg2000, true),
        ".4.92" => ("JPEG 2000 Part 2 Lossless", Jpeg2000, false),
        ".4.93" => ("JPEG 2000 Part 2", Jpeg2000, true),
        ".4.110" => ("JPEG XL Lossless", JpegXl, false),
        ".4.111" => ("JPEG XL JPEG Recompression", JpegXl, true),
        ".4.112" => ("JPEG XL", JpegXl, true),
        ".4.201" => ("HTJ2K Lossless", Jpeg2000, false),
        ".4.202" => ("HTJ2K Lossless RPCL", Jpeg2000, false),
        ".4.203" => ("HTJ2K", Jpeg2000, true),
        ".5" => ("RLE Lossless", Rle, false),
        ".8.1" => ("Deflated Image Frame Compression", DeflatedFrame, false),
        ".4.94" | ".4.95" => ("JPIP Referenced", Unsupported, false),
        ".4.107" | ".4.108" => ("HEVC video", Unsupported, true),
        rest if rest.starts_with(".4.10") => ("MPEG or H.264 video", Unsupported, true),
        _ if uid == "1.2.840.113619.5.2" => (
            "GE private Implicit Little Endian with Big Endian pixels",
            None,
            false,
        ),
        _ => ("Unknown", Unsupported, false),
    };
    let encoding = match uid {
        IMPLICIT_LITTLE | "1.2.840.113619.5.2" => Encoding::ImplicitLittle,
        EXPLICIT_BIG => Encoding::ExplicitBig,
        _ => Encoding::ExplicitLittle,
    };
    Syntax {
        uid: uid.to_owned(),
        name,
        encoding,
        deflated: uid == "1.2.840.10008.1.2.1.99",
        codec,
        lossy,
    }
}

impl Syntax {
    /// True when native pixel bytes are big endian.
    pub fn big_endian_pixels(&self) -> bool {
        self.encoding == Encoding::ExplicitBig || self.uid == "1.2.840.113619.5.2"
    }
}
