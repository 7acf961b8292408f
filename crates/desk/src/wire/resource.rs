//! Bytes by address, below the scheme's or the test server's base address:
//!
//! | path | answer |
//! |---|---|
//! | `frame/{display_set}/{index}` | header below, then samples; index counts from 0 in display order |
//! | `thumbnail/{display_set}` | PNG, at most 128 px a side, middle frame with its default window |
//! | `drawn/{display_set}/{index}/{w}x{h}/{a,b,c,d,e,f}/{linear|nearest}/{C,W,FUNCTION|lut,k|none}/{0|1}` | PNG by the
//! reference renderer, for a page without WebGL2: output size, image (column, row) of an output px as a canvas matrix,
//! interpolation, VOI, the user's inversion |
//! | the same with `/{state}` | as a presentation state shows it |
//! | `veil/{display_set}/{index}/{0\|1}/{state\|none}` | RGBA PNG, one px for each px of the image: shutter and overlays that
//! lie over it; 1: all overlays of the image |
//! | `lut/{display_set}/{lut}` | f32 little endian entries as stored in the file |
//! | `document/{object}` | the bytes of an encapsulated document as they stand in the file |
//! | `input/{plan}/{k}/sent` | PNG: the picture handed to the model's processor, k counts from 0 |
//! | `input/{plan}/{k}/seen` | PNG: the same after the model's own resize: the bytes that the tower gets |
//!
//! Frame header, 32 bytes, little endian: `OVRF`, u16 version 1, u16 sample kind ([`SampleKind`] code), u32 rows,
//! u32 columns, u32 bytes per pixel, 12 bytes zero. Samples follow, row-major, little endian.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// How the bytes of a frame are to be read; the code stands in the header and goes to the shader as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
#[ts(export)]
pub enum SampleKind {
    /// 0: unsigned 8 bit.
    U8 = 0,
    /// 1: signed 8 bit.
    I8 = 1,
    /// 2: unsigned 16 bit.
    U16 = 2,
    /// 3: signed 16 bit.
    I16 = 3,
    /// 4: unsigned 32 bit.
    U32 = 4,
    /// 5: signed 32 bit.
    I32 = 5,
    /// 6: IEEE single (double data are rounded to it for display only).
    F32 = 6,
    /// 7: RGBA, 8 bit each, alpha 255; palettes and YBR are already RGB.
    Rgba8 = 7,
}

/// Length of the frame header in bytes.
pub const FRAME_HEADER_BYTES: usize = 32;
