//! The fixture builder: any picture as a small DICOM file, with the attributes that change its pixels.

use std::path::Path;

use super::{DataSet, File, Tag, TransferSyntax, WriteError, uid_from};

/// Stored values of all frames, row by row.
#[derive(Debug, Clone)]
pub enum Samples {
    /// 8 bits allocated, unsigned.
    U8(Vec<u8>),
    /// 16 bits allocated, unsigned.
    U16(Vec<u16>),
    /// 16 bits allocated, two's complement.
    I16(Vec<i16>),
    /// 32 bits allocated, unsigned.
    U32(Vec<u32>),
    /// 32 bits allocated, two's complement.
    I32(Vec<i32>),
}

impl Samples {
    fn allocated(&self) -> u16 {
        match self {
            Self::U8(_) => 8,
            Self::U16(_) | Self::I16(_) => 16,
            Self::U32(_) | Self::I32(_) => 32,
        }
    }

    fn signed(&self) -> bool {
        matches!(self, Self::I16(_) | Self::I32(_))
    }

    fn len(&self) -> usize {
        match self {
            Self::U8(v) => v.len(),
            Self::U16(v) => v.len(),
            Self::I16(v) => v.len(),
            Self::U32(v) => v.len(),
            Self::I32(v) => v.len(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::U8(v) => v.clone(),
            Self::U16(v) => v.iter().flat_map(|s| s.to_le_bytes()).collect(),
            Self::I16(v) => v.iter().flat_map(|s| s.to_le_bytes()).collect(),
            Self::U32(v) => v.iter().flat_map(|s| s.to_le_bytes()).collect(),
            Self::I32(v) => v.iter().flat_map(|s| s.to_le_bytes()).collect(),
        }
    }
}

/// One window of an image (PS3.3 C.11.2).
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Window Center, modality values.
    pub centre: f64,
    /// Window Width, modality values.
    pub width: f64,
    /// Window Center & Width Explanation.
    pub explanation: String,
}

impl Window {
    /// A window with its explanation.
    pub fn new(centre: f64, width: f64, explanation: &str) -> Self {
        Self {
            centre,
            width,
            explanation: explanation.to_owned(),
        }
    }
}

/// Builds one image file. Without further calls: MONOCHROME2, all bits stored, Secondary Capture, one frame as often
/// as the samples fill `rows` x `columns`, identifiers from the name given.
///
/// ```
/// use overread_phantom::dicom::{Samples, Window, Writer};
/// let bytes = Writer::new("ramp", 2, 3, Samples::I16(vec![-1000, -500, 0, 40, 400, 3000]))
///     .ct(1.0, 0.0, &[Window::new(40.0, 400.0, "SOFT TISSUE")])
///     .encode();
/// assert_eq!(&bytes[128..132], b"DICM");
/// ```
#[derive(Debug, Clone)]
pub struct Writer {
    name: String,
    samples: Samples,
    file: File,
}

const SECONDARY_CAPTURE: &str = "1.2.840.10008.5.1.4.1.1.7";
const CT_IMAGE: &str = "1.2.840.10008.5.1.4.1.1.2";

impl Writer {
    /// A grey image of `rows` x `columns` from stored values. Identifiers derive from `name`: study and series too.
    pub fn new(name: &str, rows: u16, columns: u16, samples: Samples) -> Self {
        let pixels = usize::from(rows) * usize::from(columns);
        let frames = samples.len().checked_div(pixels).unwrap_or(1);
        let allocated = samples.allocated();
        let mut data = DataSet::new();
        data.text((0x0008, 0x0005), "CS", "ISO_IR 192")
            .text((0x0008, 0x0020), "DA", "20240102")
            .text((0x0008, 0x0030), "TM", "101500")
            .text((0x0008, 0x0050), "SH", "")
            .text((0x0008, 0x0060), "CS", "OT")
            .text((0x0008, 0x0090), "PN", "")
            .text((0x0010, 0x0010), "PN", "PHANTOM^FIXTURE")
            .text((0x0010, 0x0020), "LO", "FIXTURE")
            .text((0x0010, 0x0030), "DA", "")
            .text((0x0010, 0x0040), "CS", "O")
            .text((0x0020, 0x000D), "UI", &uid_from(&format!("{name} study")))
            .text((0x0020, 0x000E), "UI", &uid_from(&format!("{name} series")))
            .text((0x0020, 0x0010), "SH", "1")
            .text((0x0020, 0x0011), "IS", "1")
            .text((0x0020, 0x0013), "IS", "1")
            .us((0x0028, 0x0002), &[1])
            .text((0x0028, 0x0004), "CS", "MONOCHROME2")
            .us((0x0028, 0x0010), &[rows])
            .us((0x0028, 0x0011), &[columns])
            .us((0x0028, 0x0100), &[allocated])
            .us((0x0028, 0x0101), &[allocated])
            .us((0x0028, 0x0102), &[allocated - 1])
            .us((0x0028, 0x0103), &[u16::from(samples.signed())]);
        if frames > 1 {
            data.text((0x0028, 0x0008), "IS", &frames.to_string());
        }
        let file = File {
            sop_class: SECONDARY_CAPTURE.into(),
            sop_instance: uid_from(&format!("{name} instance")),
            syntax: TransferSyntax::ExplicitLittle,
            data,
        };
        Self {
            name: name.to_owned(),
            samples,
            file,
        }
    }

    /// A colour image: three 8-bit samples a pixel, interleaved.
    pub fn rgb(name: &str, rows: u16, columns: u16, samples: Vec<u8>) -> Self {
        let pixels = 3 * usize::from(rows) * usize::from(columns);
        let frames = samples.len().checked_div(pixels).unwrap_or(1);
        let mut writer = Self::new(name, rows, columns, Samples::U8(samples));
        writer
            .file
            .data
            .us((0x0028, 0x0002), &[3])
            .us((0x0028, 0x0006), &[0])
            .text((0x0028, 0x0004), "CS", "RGB")
            .remove((0x0028, 0x0008));
        if frames > 1 {
            writer.file.data.text((0x0028, 0x0008), "IS", &frames.to_string());
        }
        writer
    }

    /// Sets any element from text (values separated by a backslash).
    #[must_use]
    pub fn text(mut self, tag: Tag, vr: &str, text: &str) -> Self {
        self.file.data.text(tag, vr, text);
        self
    }

    /// Sets any US element.
    #[must_use]
    pub fn us(mut self, tag: Tag, values: &[u16]) -> Self {
        self.file.data.us(tag, values);
        self
    }

    /// Sets any element from raw bytes.
    #[must_use]
    pub fn bytes(mut self, tag: Tag, vr: &str, bytes: Vec<u8>) -> Self {
        self.file.data.bytes(tag, vr, bytes);
        self
    }

    /// Leaves an element out.
    #[must_use]
    pub fn without(mut self, tag: Tag) -> Self {
        self.file.data.remove(tag);
        self
    }

    /// Sets any sequence.
    #[must_use]
    pub fn sequence(mut self, tag: Tag, items: Vec<DataSet>) -> Self {
        self.file.data.sequence(tag, items);
        self
    }

    /// Study, series and frame of reference from `group`, so that several files make one series; `number` becomes the
    /// Instance Number.
    #[must_use]
    pub fn series(mut self, group: &str, number: usize) -> Self {
        let uid = |what: &str| uid_from(&format!("{group} {what}"));
        self.file
            .data
            .text((0x0020, 0x000D), "UI", &uid("study"))
            .text((0x0020, 0x000E), "UI", &uid("series"))
            .text((0x0020, 0x0052), "UI", &uid("frame of reference"))
            .text((0x0020, 0x0013), "IS", &number.to_string());
        self.file.sop_instance = uid(&format!("instance {number} {}", self.name));
        self
    }

    /// SOP class and modality.
    #[must_use]
    pub fn kind(mut self, sop_class: &str, modality: &str) -> Self {
        sop_class.clone_into(&mut self.file.sop_class);
        self.file.data.text((0x0008, 0x0060), "CS", modality);
        self
    }

    /// A CT image with a rescale to HU and windows (PS3.3 C.8.2.1).
    #[must_use]
    pub fn ct(self, slope: f64, intercept: f64, windows: &[Window]) -> Self {
        self.kind(CT_IMAGE, "CT")
            .text((0x0008, 0x0008), "CS", "ORIGINAL\\PRIMARY\\AXIAL")
            .rescale(slope, intercept, "HU")
            .windows(windows)
    }

    /// Rescale Slope, Intercept and Type (PS3.3 C.11.1).
    #[must_use]
    pub fn rescale(mut self, slope: f64, intercept: f64, kind: &str) -> Self {
        self.file
            .data
            .decimals((0x0028, 0x1052), &[intercept])
            .decimals((0x0028, 0x1053), &[slope])
            .text((0x0028, 0x1054), "LO", kind);
        self
    }

    /// Window Center, Width and Explanation; an empty list leaves them out.
    #[must_use]
    pub fn windows(mut self, windows: &[Window]) -> Self {
        if !windows.is_empty() {
            put_windows(&mut self.file.data, windows);
        }
        self
    }

    /// VOI LUT Function: LINEAR, LINEAR_EXACT or SIGMOID.
    #[must_use]
    pub fn voi_function(self, function: &str) -> Self {
        self.text((0x0028, 0x1056), "CS", function)
    }

    /// One item of a VOI LUT Sequence (PS3.3 C.11.2.1.1): entries of `bits` bits from the modality value `first` on.
    #[must_use]
    pub fn voi_lut(self, first: u16, bits: u16, entries: &[u16], explanation: &str) -> Self {
        self.lut((0x0028, 0x3010), first, bits, entries, explanation)
    }

    /// A Modality LUT Sequence (PS3.3 C.11.1); the rescale elements are taken out.
    #[must_use]
    pub fn modality_lut(self, first: u16, bits: u16, entries: &[u16], kind: &str) -> Self {
        let mut next = self
            .without((0x0028, 0x1052))
            .without((0x0028, 0x1053))
            .without((0x0028, 0x1054));
        let mut item = lut_item(first, bits, entries);
        item.text((0x0028, 0x3004), "LO", kind);
        next.file.data.sequence((0x0028, 0x3000), vec![item]);
        next
    }

    fn lut(mut self, tag: Tag, first: u16, bits: u16, entries: &[u16], explanation: &str) -> Self {
        let mut item = lut_item(first, bits, entries);
        item.text((0x0028, 0x3003), "LO", explanation);
        self.file.data.sequence(tag, vec![item]);
        self
    }

    /// Bits Stored and High Bit (the samples must already fit them).
    #[must_use]
    pub fn bits(self, stored: u16, high: u16) -> Self {
        self.us((0x0028, 0x0101), &[stored]).us((0x0028, 0x0102), &[high])
    }

    /// Photometric Interpretation, e.g. MONOCHROME1.
    #[must_use]
    pub fn photometric(self, word: &str) -> Self {
        self.text((0x0028, 0x0004), "CS", word)
    }

    /// Pixel Padding Value, and the limit of a range if given (PS3.3 C.7.5.1.1.2); signedness as the samples'.
    #[must_use]
    pub fn padding(mut self, value: i32, limit: Option<i32>) -> Self {
        let signed = self.samples.signed();
        let mut put = |tag: Tag, value: i32| {
            if signed {
                self.file.data.ss(tag, &[value as i16]);
            } else {
                self.file.data.us(tag, &[value as u16]);
            }
        };
        put((0x0028, 0x0120), value);
        if let Some(limit) = limit {
            put((0x0028, 0x0121), limit);
        }
        self
    }

    /// Position of the first pixel, direction cosines of rows and columns, spacing between rows and columns in mm.
    #[must_use]
    pub fn plane(mut self, position: [f64; 3], orientation: [f64; 6], spacing: [f64; 2]) -> Self {
        self.file
            .data
            .decimals((0x0020, 0x0032), &position)
            .decimals((0x0020, 0x0037), &orientation)
            .decimals((0x0028, 0x0030), &spacing);
        self
    }

    /// Writes the data set implicit little endian.
    #[must_use]
    pub fn implicit(mut self) -> Self {
        self.file.syntax = TransferSyntax::ImplicitLittle;
        self
    }

    /// Replaces Pixel Data by compressed fragments of the given transfer syntax, one a frame.
    #[must_use]
    pub fn encapsulated(mut self, syntax_uid: &str, fragments: Vec<Vec<u8>>) -> Self {
        self.file.syntax = TransferSyntax::Encapsulated(syntax_uid.to_owned());
        self.file.data.fragments(fragments);
        self
    }

    /// The file, with its pixels.
    pub fn build(&self) -> File {
        let mut file = self.file.clone();
        if !matches!(file.syntax, TransferSyntax::Encapsulated(_)) {
            let wide = self.samples.allocated() > 8 || file.syntax == TransferSyntax::ImplicitLittle;
            file.data.bytes(
                (0x7FE0, 0x0010),
                if wide { "OW" } else { "OB" },
                self.samples.bytes(),
            );
        }
        file
    }

    /// The bytes of the file.
    pub fn encode(&self) -> Vec<u8> {
        self.build().encode()
    }

    /// Writes the file.
    pub fn write(&self, path: &Path) -> Result<(), WriteError> {
        self.build().write(path)
    }
}

fn lut_item(first: u16, bits: u16, entries: &[u16]) -> DataSet {
    let mut item = DataSet::new();
    // 0 stands for 65536 entries.
    item.us((0x0028, 0x3002), &[entries.len() as u16, first, bits]);
    item.bytes(
        (0x0028, 0x3006),
        "OW",
        entries.iter().flat_map(|v| v.to_le_bytes()).collect(),
    );
    item
}

/// Window Center, Width and Explanation of a data set.
pub(crate) fn put_windows(data: &mut DataSet, windows: &[Window]) {
    let numbers = |value: fn(&Window) -> f64| windows.iter().map(value).collect::<Vec<f64>>();
    let words: Vec<&str> = windows.iter().map(|w| w.explanation.as_str()).collect();
    data.decimals((0x0028, 0x1050), &numbers(|w| w.centre))
        .decimals((0x0028, 0x1051), &numbers(|w| w.width))
        .text((0x0028, 0x1055), "LO", &words.join("\\"));
}
