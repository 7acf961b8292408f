//! OpenJPEG as a peer: codestreams of every kind that its encoder makes, and its decoder's values.

use openjp2::openjpeg::{
    CODEC_FORMAT, OPJ_CODEC_J2K, OPJ_COLOR_SPACE, PROG_ORDER, opj_cparameters_t, opj_dparameters_t,
};
use openjp2::{Codec, Stream, opj_image, opj_image_comptparm};

/// A picture: components one after another, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) columns: u32,
    pub(crate) rows: u32,
    pub(crate) precision: u32,
    pub(crate) signed: bool,
    pub(crate) components: Vec<Vec<i32>>,
}

/// What the encoder is asked for. The default is one tile, five resolutions, LRCP, one layer, without loss.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) from: (u32, u32),
    pub(crate) tile: Option<(u32, u32)>,
    pub(crate) tile_from: (u32, u32),
    pub(crate) resolutions: i32,
    pub(crate) block: (i32, i32),
    pub(crate) style: i32,
    pub(crate) irreversible: bool,
    pub(crate) transform: bool,
    pub(crate) order: PROG_ORDER,
    /// Compression ratio by layer; 0 is all.
    pub(crate) ratios: Vec<f32>,
    /// Precinct sizes from the highest resolution down.
    pub(crate) precincts: Vec<(i32, i32)>,
    /// 2: SOP, 4: EPH.
    pub(crate) markers: i32,
    pub(crate) raised: Option<(i32, i32)>,
    pub(crate) parts_by: Option<u8>,
    pub(crate) lengths: bool,
    pub(crate) changes: Vec<Change>,
}

/// A progression order change: resolutions, components and layers, and the order.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) resolutions: (u32, u32),
    pub(crate) components: (u32, u32),
    pub(crate) layers: u32,
    pub(crate) order: PROG_ORDER,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            from: (0, 0),
            tile: None,
            tile_from: (0, 0),
            resolutions: 6,
            block: (64, 64),
            style: 0,
            irreversible: false,
            transform: false,
            order: 0,
            ratios: vec![0.0],
            precincts: Vec::new(),
            markers: 0,
            raised: None,
            parts_by: None,
            lengths: false,
            changes: Vec::new(),
        }
    }
}

fn codec(decoder: bool) -> Codec {
    let format: CODEC_FORMAT = OPJ_CODEC_J2K;
    if decoder {
        Codec::new_decoder(format).expect("decoder")
    } else {
        Codec::new_encoder(format).expect("encoder")
    }
}

/// A codestream, or nothing where the encoder refuses the wish.
pub(crate) fn encode(picture: &Picture, wish: &Wish) -> Option<Vec<u8>> {
    let layout = opj_image_comptparm {
        dx: 1,
        dy: 1,
        w: picture.columns,
        h: picture.rows,
        x0: wish.from.0,
        y0: wish.from.1,
        prec: picture.precision,
        bpp: picture.precision,
        sgnd: u32::from(picture.signed),
    };
    let layouts = vec![layout; picture.components.len()];
    let mut image = opj_image::create(&layouts, OPJ_COLOR_SPACE::OPJ_CLRSPC_UNSPECIFIED)?;
    (image.x0, image.y0) = wish.from;
    (image.x1, image.y1) = (wish.from.0 + picture.columns, wish.from.1 + picture.rows);
    for (component, values) in image.comps_mut()?.iter_mut().zip(&picture.components) {
        component.data_mut()?.copy_from_slice(values);
    }
    let mut asked = opj_cparameters_t::default();
    if let Some((columns, rows)) = wish.tile {
        asked.tile_size_on = 1;
        (asked.cp_tdx, asked.cp_tdy) = (columns as i32, rows as i32);
        (asked.cp_tx0, asked.cp_ty0) = (wish.tile_from.0 as i32, wish.tile_from.1 as i32);
    }
    (asked.image_offset_x0, asked.image_offset_y0) = (wish.from.0 as i32, wish.from.1 as i32);
    asked.numresolution = wish.resolutions;
    (asked.cblockw_init, asked.cblockh_init) = wish.block;
    asked.mode = wish.style;
    asked.irreversible = i32::from(wish.irreversible);
    asked.tcp_mct = i8::from(wish.transform);
    asked.prog_order = wish.order;
    asked.cp_disto_alloc = 1;
    asked.tcp_numlayers = wish.ratios.len() as i32;
    asked.tcp_rates[..wish.ratios.len()].copy_from_slice(&wish.ratios);
    asked.csty = wish.markers;
    if !wish.precincts.is_empty() {
        asked.csty |= 1;
        asked.res_spec = wish.precincts.len() as i32;
        for (k, (width, height)) in wish.precincts.iter().enumerate() {
            (asked.prcw_init[k], asked.prch_init[k]) = (*width, *height);
        }
    }
    if let Some((component, shift)) = wish.raised {
        (asked.roi_compno, asked.roi_shift) = (component, shift);
    }
    if let Some(by) = wish.parts_by {
        (asked.tp_on, asked.tp_flag) = (1, by as i8);
    }
    asked.numpocs = wish.changes.len() as u32;
    for (change, poc) in wish.changes.iter().zip(&mut asked.POC) {
        poc.tile = 1;
        (poc.resno0, poc.resno1) = change.resolutions;
        (poc.compno0, poc.compno1) = change.components;
        poc.layno1 = change.layers;
        poc.prg1 = change.order;
    }
    let file = tempfile::NamedTempFile::new().expect("file");
    let mut encoder = codec(false);
    if encoder.setup_encoder(&mut asked, &mut image) == 0 {
        return None;
    }
    if wish.lengths && !encoder.encoder_set_extra_options(&["PLT=YES", "TLM=YES"]) {
        return None;
    }
    {
        let mut stream = Stream::new_file(file.path(), 1 << 20, false).expect("stream");
        let done = encoder.start_compress(&mut image, &mut stream) != 0
            && encoder.encode(&mut stream) != 0
            && encoder.end_compress(&mut stream) != 0;
        if !done {
            return None;
        }
        stream.flush().expect("flush");
    }
    Some(std::fs::read(file.path()).expect("read"))
}

/// What OpenJPEG makes of a codestream, some levels left out.
pub(crate) fn decode(bytes: &[u8], discard: u32) -> Option<Picture> {
    let file = tempfile::NamedTempFile::new().expect("file");
    std::fs::write(file.path(), bytes).expect("write");
    let mut stream = Stream::new_file(file.path(), 1 << 20, true).expect("stream");
    let mut decoder = codec(true);
    let mut asked = opj_dparameters_t {
        cp_reduce: discard,
        ..opj_dparameters_t::default()
    };
    if decoder.setup_decoder(&mut asked) == 0 || decoder.decoder_set_strict_mode(0) == 0 {
        return None;
    }
    let mut image = decoder.read_header(&mut stream)?;
    if decoder.decode(&mut stream, &mut image) == 0 {
        return None;
    }
    decoder.end_decompress(&mut stream);
    let components = image.comps()?;
    let first = components.first()?;
    Some(Picture {
        columns: first.w,
        rows: first.h,
        precision: first.prec,
        signed: first.sgnd != 0,
        components: components
            .iter()
            .map(|c| c.data().map(<[i32]>::to_vec))
            .collect::<Option<_>>()?,
    })
}
