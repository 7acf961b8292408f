//! 8-bit DCT processes by jpeg-decoder, told by us whether the components are RGB or YCbCr.

use jpeg_decoder::{ColorTransform, Decoder, PixelFormat};

use crate::codec::jpeg::stream::Colours;
use crate::codec::{Cells, Decoded};

pub(super) fn decode(bytes: &[u8], most_samples: usize, colours: Colours) -> Result<Decoded<Cells>, String> {
    let mut decoder = Decoder::new(bytes);
    decoder.set_max_decoding_buffer_size(most_samples.saturating_mul(2));
    decoder.read_info().map_err(|error| error.to_string())?;
    let info = decoder.info().ok_or("it has no frame header")?;
    if info.pixel_format == PixelFormat::RGB24 {
        decoder.set_color_transform(match colours {
            Colours::Ybr => ColorTransform::YCbCr,
            Colours::Rgb => ColorTransform::RGB,
        });
    }
    let data = decoder.decode().map_err(|error| error.to_string())?;
    let components = match info.pixel_format {
        PixelFormat::L8 => 1,
        PixelFormat::RGB24 => 3,
        other => return Err(format!("its pixels are {other:?}, which has no place in DICOM")),
    };
    Ok(Decoded {
        columns: info.width.into(),
        rows: info.height.into(),
        components,
        cells: Cells::U8(data),
        precision: 8,
        signed: false,
        rgb: components == 3,
    })
}
