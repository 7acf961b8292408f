//! A viewport's picture by the reference renderer, for a page that has no WebGL2.

use std::sync::Arc;

use glam::{DAffine2, DMat2, DVec2};
use overread_imaging::render;
use overread_imaging::view::{Interpolation, View};
use overread_imaging::voi::{Voi, VoiFunction, Window};

use crate::Outcome;
use crate::code::failure;
use crate::desk::Desk;
use crate::dispatch::Resource;
use crate::op::pictures::png;
use crate::op::present;
use crate::op::view::frame_at;

/// Most pixels of one drawing: three large screens.
const MOST: u32 = 3 * 3840 * 2160;

/// The parts of the address `drawn/…`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish<'a> {
    pub(crate) set: &'a str,
    pub(crate) index: &'a str,
    /// `WxH`, px.
    pub(crate) size: &'a str,
    /// `a,b,c,d,e,f`: image (column, row) = (a x + c y + e, b x + d y + f) of an output point.
    pub(crate) map: &'a str,
    /// `linear` or `nearest`.
    pub(crate) how: &'a str,
    /// `C,W,FUNCTION`, `lut,k` (k-th VOI of the file, from 0), `lut,state` (of the presentation state) or `none`.
    pub(crate) voi: &'a str,
    /// `1`: inverted by the user.
    pub(crate) inverted: &'a str,
    /// A presentation state.
    pub(crate) state: Option<&'a str>,
}

/// PNG of the picture.
///
/// # Errors
/// For an address that cannot be understood, a frame that is not there or cannot be decoded.
pub(crate) fn drawn(desk: &Desk, wish: &Wish<'_>) -> Outcome<Resource> {
    let unclear = || failure("desk.unknown_address", "This drawing cannot be understood.", "");
    let reference = frame_at(desk, wish.set, wish.index)?;
    let mut frame = desk.frames.get(&reference)?;
    let state = wish
        .state
        .map(|id| present::presented(desk, wish.set, id, &reference))
        .transpose()?;
    if let Some(state) = &state {
        frame = Arc::new(match wish.voi {
            "lut,state" => present::as_joined(&frame, state),
            _ => present::as_presented(&frame, state),
        });
    }
    let (width, height) = wish
        .size
        .split_once('x')
        .and_then(|(w, h)| Some((w.parse::<u32>().ok()?, h.parse::<u32>().ok()?)))
        .filter(|(w, h)| *w > 0 && *h > 0 && w.saturating_mul(*h) <= MOST)
        .ok_or_else(unclear)?;
    let numbers: Vec<f64> = wish.map.split(',').filter_map(|n| n.parse().ok()).collect();
    let &[a, b, c, d, e, f] = numbers.as_slice() else {
        return Err(unclear());
    };
    if !numbers.iter().all(|n| n.is_finite()) {
        return Err(unclear());
    }
    let view = View {
        width,
        height,
        image_from_output: DAffine2::from_mat2_translation(
            DMat2::from_cols(DVec2::new(a, b), DVec2::new(c, d)),
            DVec2::new(e, f),
        ),
        interpolation: if wish.how == "nearest" {
            Interpolation::Nearest
        } else {
            Interpolation::Linear
        },
        inverted: wish.inverted == "1",
    };
    let voi = match wish.voi.split(',').collect::<Vec<_>>().as_slice() {
        ["none"] => render::default_voi(&frame),
        ["lut", "state"] => state.and_then(|state| state.voi).ok_or_else(unclear)?,
        ["lut", k] => {
            let k: usize = k.parse().map_err(|_| unclear())?;
            frame.attributes.vois.get(k).cloned().ok_or_else(unclear)?
        }
        [center, width, function] => Voi::Window(
            Window {
                center: center.parse().map_err(|_| unclear())?,
                width: width.parse().map_err(|_| unclear())?,
                function: match *function {
                    "LINEAR_EXACT" => VoiFunction::LinearExact,
                    "SIGMOID" => VoiFunction::Sigmoid,
                    _ => VoiFunction::Linear,
                },
                explanation: None,
            }
            .usable(),
        ),
        _ => return Err(unclear()),
    };
    let rgba = render::render(&frame, &voi, &view);
    Ok(Resource {
        content_type: "image/png",
        bytes: png(&rgba, width, height, 4)?,
    })
}
