//! What a model is given: pictures in order, turns, and how a place on a picture leads back to its slice.

use std::sync::Arc;

use overread_dicom::DisplaySet;
use overread_imaging::voi::Voi;
use overread_medgemma::{Message, Part, Picture, Role};
use overread_protocol::boxes::Framing;
use overread_protocol::crops::{Crop, pan_and_scan};
use overread_protocol::prompt::{Captions, Part as Said, Wording};
use overread_protocol::range::{CountedValues, VolumeRange};
use overread_protocol::square::padded;
use overread_protocol::{Recipe, RgbPicture};

use crate::code::sentences;
use crate::convert;
use crate::desk::Desk;
use crate::op::plan::Resolved;
use crate::wire::question::QuestionSpec;
use crate::{Cancel, Outcome};

/// Where a picture comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// Slice of the question's display set, from 1; `None` for an earlier examination.
    pub slice: Option<usize>,
    /// `SOP Instance UID#frame`.
    pub instance: String,
    /// The crop, when the picture is one.
    pub crop: Option<Crop>,
    /// How a place on the picture leads back to the slice.
    pub framing: Framing,
}

/// What a model is given.
#[derive(Clone, Debug)]
pub struct Given {
    /// In the order of the prompt: of each slice the whole, then its crops.
    pub pictures: Vec<Picture>,
    /// Where each comes from.
    pub origins: Vec<Origin>,
    /// Turns.
    pub messages: Vec<Message>,
}

impl Given {
    /// Origins of the question's own slices without crops.
    pub(crate) fn own(&self) -> impl Iterator<Item = &Origin> {
        self.origins
            .iter()
            .filter(|o| o.slice.is_some() && o.crop.is_none())
    }

    /// True when pictures of earlier examinations go before.
    pub(crate) fn has_priors(&self) -> bool {
        self.origins.iter().any(|o| o.slice.is_none())
    }
}

/// Slices of one display set by one recipe.
struct Drawn<'a> {
    set: &'a Arc<DisplaySet>,
    slices: &'a [usize],
    recipe: Recipe,
    prior: bool,
}

/// Makes the pictures of a resolved question.
///
/// # Errors
/// When a slice cannot be decoded or the recipe does not fit it.
pub fn given(
    desk: &Desk,
    resolved: &Resolved,
    spec: &QuestionSpec,
    progress: &mut dyn FnMut(usize, usize),
    cancel: &Cancel,
) -> Outcome<Given> {
    let options = spec.options();
    let mut out = Given {
        pictures: Vec::new(),
        origins: Vec::new(),
        messages: Vec::new(),
    };
    let mut crops = Vec::new();
    let priors = &resolved.before;
    let all = priors.iter().map(|(_, s)| s.len()).sum::<usize>() + resolved.slices.len();
    let mut parts: Vec<Drawn<'_>> = priors
        .iter()
        .map(|(set, slices)| Drawn {
            set,
            slices,
            recipe: resolved.recipe,
            prior: true,
        })
        .collect();
    parts.push(Drawn {
        set: &resolved.set,
        slices: &resolved.slices,
        recipe: resolved.recipe,
        prior: false,
    });
    let mut done = 0;
    for part in &parts {
        let range = range(desk, part, cancel)?;
        for slice in part.slices {
            cancel.check()?;
            done += 1;
            progress(done, all);
            let picture = draw(desk, part, *slice, spec, range)?;
            crops.push(add(
                &mut out,
                part,
                *slice,
                picture,
                options.pad_to_square,
                options.pan_and_scan,
            ));
        }
    }
    let mut wording = resolved.wording.clone();
    // `SLICE k` counts the slices of one volume: films of two days are none.
    if out.has_priors() && wording.captions == Captions::WhenSeveral && resolved.slices.len() == 1 {
        wording.captions = Captions::Never;
    }
    out.messages = messages(&wording, &crops);
    Ok(out)
}

/// The range of a whole display set, whatever slices are asked about: the same slice always looks the same.
fn range(desk: &Desk, part: &Drawn<'_>, cancel: &Cancel) -> Outcome<Option<VolumeRange>> {
    if !part.recipe.needs_range() {
        return Ok(None);
    }
    let mut counted = CountedValues::default();
    for frame in &part.set.frames {
        cancel.check()?;
        counted.add(desk.frames.get(frame)?.as_ref());
    }
    Ok(counted.range())
}

fn draw(
    desk: &Desk,
    part: &Drawn<'_>,
    slice: usize,
    spec: &QuestionSpec,
    range: Option<VolumeRange>,
) -> Outcome<RgbPicture> {
    let frame = desk.frames.get(&part.set.frames[slice - 1])?;
    let window = spec.window.as_ref().map(|w| Voi::Window(convert::window(w)));
    // `{frame}-voi-{k}`: the k-th VOI of each frame.
    let table: Option<usize> = spec
        .lut
        .as_ref()
        .and_then(|id| id.rsplit('-').next()?.parse().ok());
    let by_table = table.and_then(|k| frame.attributes.vois.get(k)).cloned();
    // A window that was chosen on the screen is that of the present examination.
    let shown = by_table.or(window).filter(|_| !part.prior);
    let mut picture = part
        .recipe
        .picture(&frame, shown.as_ref(), range)
        .map_err(|error| sentences("question.recipe", &error.to_string()))?;
    if spec.inverted && part.recipe == Recipe::Display && !part.prior {
        picture.rgb.iter_mut().for_each(|v| *v = 255 - *v);
    }
    Ok(picture)
}

/// Adds a slice's picture, padded or with its crops; gives how many crops.
fn add(out: &mut Given, part: &Drawn<'_>, slice: usize, picture: RgbPicture, pad: bool, scan: bool) -> usize {
    let frame = &part.set.frames[slice - 1];
    let whole = Framing::whole(picture.width, picture.height);
    let mut push = |picture: RgbPicture, crop: Option<Crop>, framing: Framing| {
        out.pictures.push(of_rgb(picture));
        out.origins.push(Origin {
            slice: (!part.prior).then_some(slice),
            instance: format!("{}#{}", frame.header.sop_uid, frame.frame),
            crop,
            framing,
        });
    };
    if pad {
        let (square, padding) = padded(&picture);
        let framing = Framing {
            padding: Some(padding),
            ..whole
        };
        push(square, None, framing);
        return 0;
    }
    if !scan {
        push(picture, None, whole);
        return 0;
    }
    let (pictures, crops) = pan_and_scan(&picture);
    for (k, picture) in pictures.into_iter().enumerate() {
        let crop = k.checked_sub(1).and_then(|k| crops.get(k)).copied();
        let framing = Framing { crop, ..whole };
        push(picture, crop, framing);
    }
    crops.len()
}

fn of_rgb(picture: RgbPicture) -> Picture {
    Picture {
        width: picture.width as usize,
        height: picture.height as usize,
        rgb: picture.rgb,
    }
}

/// The question as the engine takes it, for pictures each of which brings so many crops.
pub(crate) fn messages(wording: &Wording, crops: &[usize]) -> Vec<Message> {
    let mut messages = Vec::new();
    if !wording.system.is_empty() {
        messages.push(Message {
            role: Role::System,
            parts: vec![Part::Text(wording.system.clone())],
        });
    }
    let parts = wording
        .parts_with_crops(crops)
        .into_iter()
        .map(|part| match part {
            Said::Text(text) => Part::Text(text),
            Said::Image => Part::Image,
            Said::ImageAndCrops(crops) => Part::ImageAndCrops(crops),
        })
        .collect();
    messages.push(Message {
        role: Role::User,
        parts,
    });
    messages
}
